"""`monitors agent`: measures this machine and ships what it measured."""

from pathlib import Path
from typing import Annotated

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, examples


def add_to(app: typer.Typer) -> None:
    """Put the command into `app`."""
    app.command(
        epilog=examples(
            "MONITORS_TOKEN=mon_... monitors agent --api https://monitors.example",
            "monitors agent --interval 5 --name web-1",
            "monitors agent --once",
        )
    )(agent)


def agent(
    interval: Annotated[float, typer.Option(min=1, max=3600, help="Seconds from one measurement to the next.")] = 10,
    name: Annotated[str | None, typer.Option(help="The label `instance`; by default this machine's name.")] = None,
    buffer: Annotated[
        Path, typer.Option(file_okay=False, help="Folder for measurements that wait to be shipped.")
    ] = Path(".monitors-agent"),
    buffer_mb: Annotated[int, typer.Option(min=1, help="Most that the folder holds; the oldest go first.")] = 100,
    once: Annotated[bool, typer.Option("--once", help="Measure and ship once.")] = False,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Measure this machine: processor, memory, disks, network, load, processes.

    Names are those of Prometheus's node_exporter. Measurements go to the organization of the API token in MONITORS_TOKEN
    (scope `metrics:write`), or of whoever is signed in. While the platform is away they wait on disk.
    """
    import asyncio
    import socket

    from monitors_runtime.standalone import stop_on_signals

    from ..agent import machine
    from ..agent.agent import Agent
    from ..agent.buffer import Buffer
    from ..connect import connected
    from ..errors import Failed
    from ..render import say

    tags = {"job": "node", "instance": name or socket.gethostname()}
    keeper = Agent(
        lambda: connected(api, Path(data_dir)),
        Buffer(buffer, buffer_mb * 1024 * 1024),
        [(machine.readings, tags)],
        interval,
    )

    async def measure_once() -> bool:
        await keeper.measure()
        return await keeper.ship()

    async def run() -> None:
        stopped = stop_on_signals()
        running = asyncio.create_task(keeper.run())
        await stopped.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    if once:
        if not asyncio.run(measure_once()):
            raise Failed(f"not shipped; it waits in {buffer}")
        say("Measured and shipped.")
        return
    say(f"Measuring {tags['instance']} every {interval:g} s; Ctrl-C stops.")
    asyncio.run(run())
