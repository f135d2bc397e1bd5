"""`monitors dead-letters`: messages that no try could handle."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, DataDir, Json, Yes, examples

if TYPE_CHECKING:
    from nats.js import JetStreamContext

    from monitors_runtime.dead_letters import DeadLetter

    from ..bus import Bus

Numbers = Annotated[list[int] | None, typer.Argument(metavar="[NUMBER]...", help="Dead letters, as `list` shows them.")]
Durable = Annotated[str | None, typer.Option(metavar="NAME", help="Only of this consumer, such as scraper-monitor.")]
All = Annotated[bool, typer.Option("--all", help="All of them, or all of --durable.")]

group = typer.Typer(
    help="Messages that no try could handle.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="dead-letters")


@group.command("list", epilog=examples("monitors dead-letters list", "monitors dead-letters list --json"))
def list_all(durable: Durable = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """Dead letters, oldest first: which consumer gave up what, and why."""
    from monitors_contracts.summaries import short_type

    from ..bus import with_bus
    from ..render import as_json, say, shortened, table

    async def work(bus: "Bus") -> "list[DeadLetter]":
        return await _every(bus.streams, durable)

    letters = with_bus(Path(data_dir), work)
    if json:
        as_json([_json(letter) for letter in letters])
    elif not letters:
        say("No dead letters.")
    else:
        table(
            ("NUMBER", "DIED (UTC)", "CONSUMER", "EVENT", "TRIES", "REASON"),
            (
                (
                    letter.id,
                    letter.died_at.strftime("%Y-%m-%d %H:%M:%S"),
                    letter.durable,
                    short_type(letter.event_type) or letter.subject,
                    letter.deliveries,
                    shortened(letter.reason, 90),
                )
                for letter in letters
            ),
        )


@group.command(epilog=examples("monitors dead-letters show 3"))
def show(
    number: Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="A dead letter, as `list` shows it.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """One dead letter: the reason, where it came from, its headers and its data."""
    from ..bus import with_bus
    from ..render import as_json, fields, say

    async def work(bus: "Bus") -> "DeadLetter":
        return await _one(bus.streams, number)

    letter = with_bus(Path(data_dir), work)
    shown = _json(letter) | {"headers": letter.headers, "data": letter.data.decode(errors="replace")}
    if json:
        as_json(shown)
        return
    fields([(name, value) for name, value in shown.items() if name not in ("headers", "data")])
    say()
    fields(
        [(name, value) for name, value in letter.headers.items() if name.startswith("original-")] or [("headers", "-")]
    )
    say()
    say(_pretty(letter.data))


@group.command(
    epilog=examples(
        "monitors dead-letters retry 3 4", "monitors dead-letters retry --all --durable scraper-monitor --yes"
    )
)
def retry(
    numbers: Numbers = None,
    durable: Durable = None,
    everything: All = False,
    yes: Yes = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Hand messages to their consumers once more. Those that did handle one change nothing."""
    from monitors_runtime import dead_letters

    async def again(bus: "JetStreamContext", letter: "DeadLetter") -> None:
        await dead_letters.retry(bus, letter)

    _each(numbers, durable, everything, yes, Path(data_dir), json, ("Retry", "retried"), again)


@group.command(epilog=examples("monitors dead-letters drop 3", "monitors dead-letters drop --all --yes"))
def drop(
    numbers: Numbers = None,
    durable: Durable = None,
    everything: All = False,
    yes: Yes = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Delete dead letters for good."""
    from monitors_runtime import dead_letters

    async def forget(bus: "JetStreamContext", letter: "DeadLetter") -> None:
        await dead_letters.drop(bus, letter.id)

    _each(numbers, durable, everything, yes, Path(data_dir), json, ("Drop", "dropped"), forget)


def _each(
    numbers: list[int] | None,
    durable: str | None,
    everything: bool,
    yes: bool,
    data_dir: Path,
    json: bool,
    words: tuple[str, str],
    do: "Callable[[JetStreamContext, DeadLetter], Awaitable[None]]",
) -> None:
    from ..ask import confirmed
    from ..bus import with_bus
    from ..errors import BadInput
    from ..render import as_json, progress, say

    if bool(numbers) == everything:
        raise BadInput("name dead letters by number, or say --all")
    if numbers and durable:
        raise BadInput("--durable goes with --all")

    async def find(bus: "Bus") -> "list[DeadLetter]":
        if everything:
            return await _every(bus.streams, durable)
        return [await _one(bus.streams, number) for number in numbers or ()]

    async def do_all(bus: "Bus") -> None:
        with progress(f"{len(letters)} dead letters ..."):
            for letter in letters:
                await do(bus.streams, letter)

    letters = with_bus(data_dir, find)
    if letters:
        if everything:
            confirmed(f"{words[0]} {len(letters)} dead letters?", yes)
        with_bus(data_dir, do_all)
    if json:
        as_json({words[1]: [letter.id for letter in letters]})
    else:
        say(f"{len(letters)} {words[1]}.")


async def _every(bus: "JetStreamContext", durable: str | None) -> "list[DeadLetter]":
    from monitors_runtime import dead_letters

    return [letter async for letter in dead_letters.every(bus, durable)]


async def _one(bus: "JetStreamContext", number: int) -> "DeadLetter":
    from monitors_runtime import dead_letters

    from ..errors import Failed

    letter = await dead_letters.get(bus, number)
    if letter is None:
        raise Failed(f"there is no dead letter {number}")
    return letter


def _json(letter: "DeadLetter") -> dict[str, Any]:
    return {
        "number": letter.id,
        "consumer": letter.durable,
        "reason": letter.reason,
        "event": letter.event_type,
        "subject": letter.subject,
        "stream": letter.stream,
        "sequence": letter.sequence,
        "tries": letter.deliveries,
        "diedAt": letter.died_at.isoformat(),
        "bytes": letter.size,
    }


def _pretty(data: bytes) -> str:
    import json

    from ..render import shortened

    try:
        return json.dumps(json.loads(data), indent=2, ensure_ascii=False)
    except ValueError:
        return shortened(data.decode(errors="replace"), 4000)
