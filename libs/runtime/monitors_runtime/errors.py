"""The ways in which handling a message can fail, and what the runtime does about each."""

from monitors_contracts.base import Problem


class Retryable(Exception):
    """Try this message again after `delay` seconds (by default growing with each try)."""

    def __init__(self, reason: str, delay: float | None = None) -> None:
        super().__init__(reason)
        self.delay = delay


class Permanent(Exception):
    """No later try can succeed: straight to the dead letters, with this reason."""


class ProblemError(Exception):
    """A request is answered with this problem (RFC 9457)."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail or problem.title)
        self.problem = problem


UNKEPT_TEXT = Problem(
    type="invalid-request",
    title="Invalid request",
    status=422,
    detail="A text holds a character that can't be kept, such as NUL.",
)


def problem(kind: str, title: str, status: int, detail: str | None = None) -> ProblemError:
    """A ProblemError in one line: `raise problem("alert-not-found", "No such alert", 404)`."""
    return ProblemError(Problem(type=kind, title=title, status=status, detail=detail))
