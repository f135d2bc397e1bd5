"""The life of `monitors up`: start, say where everything is, wait, stop."""

import asyncio
import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from monitors_runtime.standalone import stop_on_signals

from .errors import BadInput
from .render import progress, say

if TYPE_CHECKING:
    from .demo.site import Site

# What the demo needs to watch a site on this machine, again and again.
DEMO_SETTINGS = {
    "MONITORS_ALLOW_PRIVATE_ADDRESSES": "true",
    "MONITORS_REFRESHES_PER_MINUTE": "0",
    "MONITORS_REFRESHES_PER_DAY": "0",
    "MONITORS_MONITORS_PER_USER": "0",
}


async def serve(data_dir: Path, host: str, port: int, *, demo: bool) -> None:
    """Run the platform until a signal. Raises BadInput when it can't start here."""
    for name, value in {"MONITORS_HOST": host, "MONITORS_PORT": str(port), "MONITORS_DATA_DIR": str(data_dir)}.items():
        os.environ[name] = value  # services read settings from the environment, in worker processes too
    site = _demo_site() if demo else None
    from .platform import CannotStart, Platform, PlatformSettings

    stopped = stop_on_signals()
    begun = time.perf_counter()
    platform = Platform(PlatformSettings(data_dir=data_dir, host=host, port=port))
    starting = asyncio.ensure_future(platform.start())
    try:
        with progress("Starting NATS, PostgreSQL and the services ..."):
            await _first(starting, stopped)
    except CannotStart as failure:
        raise BadInput(str(failure)) from None
    if stopped.is_set():
        await _give_up(starting)
        return
    say(f"Monitors! is up after {time.perf_counter() - begun:.1f} s")
    say(f"  console {platform.api}/console")
    say(f"  API     {platform.api}/api")
    say(f"  docs    {platform.api}/docs")
    say(f"  data    {platform.data_dir}")
    say('  try     monitors watch "tell me when the price at https://shop.example/kettle drops below $50"')
    say("  stop    Ctrl-C")
    try:
        if site:
            await _show_demo(platform.api, platform.data_dir, site, stopped)
        await stopped.wait()
    finally:
        # Requests that wait for a verdict are cut off now, and Ctrl-C reached the browser's driver as well: that is meant, and
        # no error to log.
        for name in ("uvicorn.error", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        with progress("Stopping ..."):
            await platform.stop()
    say("Stopped.")


async def _first(starting: "asyncio.Future[None]", stopped: asyncio.Event) -> None:
    """Until it has started, or is asked to stop before."""
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if starting.done():
        starting.result()


async def _give_up(starting: "asyncio.Future[None]") -> None:
    """Asked to stop while starting: the platform undoes what it has begun."""
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)


def _demo_site() -> "Site":
    """The site to watch, served from now on, and the settings that let the platform watch it."""
    from .demo.pages import BEFORE
    from .demo.site import Site

    site = Site(BEFORE)
    os.environ.setdefault("MONITORS_EXAMPLE_SITE", site.url)
    given = {name: value for name, value in DEMO_SETTINGS.items() if name not in os.environ}
    os.environ.update(given)
    if given:
        say(f"For the demo, in this process alone: {' '.join(f'{name}={value}' for name, value in given.items())}")
    return site


async def _show_demo(api: str, data_dir: Path, site: "Site", stopped: asyncio.Event) -> None:
    from .demo.story import tell

    story = asyncio.create_task(tell(api, data_dir, site))
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait((story, stopping), return_when=asyncio.FIRST_COMPLETED)
    if not story.done():
        story.cancel()
    stopping.cancel()
    for ended in await asyncio.gather(story, return_exceptions=True):
        if isinstance(ended, Exception):
            say(f"The demo stopped early: {ended}")
