"""The `monitors` command: its parts put together, and every failure told in one line."""

import os
import sys
import warnings
from collections.abc import Sequence

import typer

from .commands import (
    account,
    agent,
    alertmanager,
    alerts,
    alerts_send,
    channels,
    config,
    dead_letters,
    doctor,
    documents,
    edit,
    events,
    extract,
    heartbeats,
    history,
    incidents,
    inhibitions,
    integrations,
    interpret,
    maintenance,
    metrics,
    metrics_send,
    monitors,
    notifications,
    oncall,
    outbox,
    profile,
    replay,
    routes,
    rules,
    run,
    schedules,
    silences,
    status_pages,
    system,
    targets,
    tokens,
    trace,
    up,
    uptime,
    watch,
)
from .errors import CommandError
from .options import examples
from .render import clean

# Plain help instead of rich's: it takes a third of the time to draw.
app = typer.Typer(
    name="monitors",
    help="Monitors! - one sentence in; a checked fact, an alert, a delivered notification out.",
    epilog=examples(
        "monitors up --demo                  everything on this machine, with something to look at",
        'monitors watch "tell me when the price at https://shop.example/kettle drops below $50"',
        "monitors check ID                   look again now",
        "monitors trace ID                   everything one check caused, with timings",
        "monitors doctor                     what is set, what works, what to do",
    ),
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    add_completion=True,
)


@app.callback()
def _root() -> None:
    pass


up.add_to(app)
run.add_to(app)
agent.add_to(app)
watch.add_to(app)
monitors.add_to(app)
history.add_to(app)
edit.add_to(app)
alerts.add_to(app)
alerts_send.add_to(alerts.group)
integrations.add_to(app)
alertmanager.add_to(app)
channels.add_to(app)
rules.add_to(app)
heartbeats.add_to(app)
uptime.add_to(app)
oncall.add_to(app)
schedules.add_to(app)
routes.add_to(app)
silences.add_to(app)
maintenance.add_to(app)
inhibitions.add_to(app)
incidents.add_to(app)
status_pages.add_to(app)
config.add_to(app)
notifications.add_to(app)
outbox.add_to(app)
account.add_to(app)
profile.add_to(app)
tokens.add_to(app)
interpret.add_to(app)
extract.add_to(app)
events.add_to(app)
trace.add_to(app)
metrics.add_to(app)
metrics_send.add_to(metrics.group)
targets.add_to(app)
dead_letters.add_to(app)
replay.add_to(app)
doctor.add_to(app)
system.add_to(app)
documents.add_to(app)


def run_command(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; the exit code: 0, 1 for what failed, 2 for what makes no sense, 130 for Ctrl-C."""
    try:
        outcome = app(arguments, prog_name="monitors", standalone_mode=False)
    except CommandError as failure:
        return _told(str(failure), failure.exit_code)
    except typer.TyperException as wrong:
        return _misused(wrong)
    except (typer.Abort, KeyboardInterrupt):
        return _told("stopped", 130)
    except BrokenPipeError:
        sys.stdout = None  # the reader left: there is nobody to flush to
        return 0
    except Exception as failure:
        if os.environ.get("MONITORS_LOG_LEVEL", "").lower() == "debug":
            raise
        return _unforeseen(failure)
    return outcome if isinstance(outcome, int) else 0


def _misused(wrong: typer.TyperException) -> int:
    context = getattr(wrong, "ctx", None)
    if type(wrong).__name__ == "NoArgsIsHelpError":
        print(wrong.format_message())
        return 0
    where = f"; see `{context.command_path} --help`" if context else ""
    return _told(wrong.format_message().rstrip(".") + where, wrong.exit_code)


def _unforeseen(failure: Exception) -> int:
    if "pydantic" in sys.modules:
        from pydantic import ValidationError

        if isinstance(failure, ValidationError):
            from .settings_list import refusals

            return _told("; ".join(refusals(failure)), 2)
    kind = type(failure).__name__
    return _told(f"{kind}: {failure} (MONITORS_LOG_LEVEL=debug shows where)", 1)


def _told(message: str, code: int) -> int:
    print(f"monitors: {clean(message)}", file=sys.stderr)
    return code


def main() -> None:
    """The program."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # what libraries tell developers is no news to who runs a command
    sys.exit(run_command())
