"""Making what was planned: parts outlive what is made of them, and what stops half-way says where it stopped."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from ..client import Api
from ..errors import CommandError
from .documents import Things, place_of
from .planning import Change, Known, carry_out


class Stopped(CommandError):
    """A change that could not be made, after others that were. The exit code is that of what stopped it."""

    def __init__(self, change: Change, done: int, of: int, place: str | None, why: CommandError) -> None:
        thing = next(change.lines())[2:]
        at = f"{place}: " if place else ""
        super().__init__(f"{at}{thing} was not {_PAST[change.action]}; {done} of {of} changes were made. {why}")
        self.exit_code = why.exit_code


_PAST = {"create": "made", "update": "changed", "delete": "deleted"}


def in_order(changes: list[Change], has: Known) -> list[Change]:
    """The changes with composites removed before the rules that they are made of, which the platform keeps for them."""
    composites = {name for name, thing in has.things["rules"].items() if thing.get("kind") == "composite"}
    kept = [change for change in changes if change.action != "delete"]
    gone = [change for change in changes if change.action == "delete"]
    first = [change for change in gone if change.kind == "rules" and change.name in composites]
    return kept + first + [change for change in gone if change not in first]


def made(api: Api, changes: list[Change], wanted: Things, has: Known, files: Iterable[Path] = ()) -> Iterator[Change]:
    """Make the changes, one after the other; each as it is done. Raises Stopped, with the place in the files."""
    done = 0
    try:
        for change in carry_out(api, changes, wanted, has):
            yield change
            done += 1
    except CommandError as why:
        stopped = changes[done]
        place = None if stopped.action == "delete" else place_of(files, stopped.kind, stopped.name)
        raise Stopped(stopped, done, len(changes), place, why) from why
