"""How a command ends when it does not succeed: one line on standard error, and an exit code."""


class CommandError(Exception):
    """The ground of both: the message is one line for a person."""

    exit_code = 1


class Failed(CommandError):
    """What was asked for could not be done. Exit code 1."""


class BadInput(CommandError):
    """What was asked for makes no sense. Exit code 2."""

    exit_code = 2
