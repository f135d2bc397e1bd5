"""Numbers on the command line."""

from typing import Any

from typer.core import TyperCommand


class NegativeNumbers(TyperCommand):
    """A command whose last argument may be a negative number, which is no option although it begins with a dash."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the arguments, with a negative number behind all options."""
        if "--" not in args:
            takers = {name for each in self.params if not getattr(each, "is_flag", True) for name in each.opts}
            for place, each in enumerate(args):
                if _is_negative(each) and not (place and args[place - 1] in takers):
                    args = [*args[:place], *args[place + 1 :], "--", each]
                    break
        return super().parse_args(ctx, args)


def _is_negative(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.startswith("-")
