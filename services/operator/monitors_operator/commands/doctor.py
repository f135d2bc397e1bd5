"""`monitors doctor`: what is set, what works, what to do."""

from pathlib import Path
from typing import Annotated

import typer

from ..options import DEFAULT_DATA_DIR, DataDir, Json, examples


def add_to(app: typer.Typer) -> None:
    """Put the command into `app`."""
    app.command(epilog=examples("monitors doctor", "monitors doctor --checks", "monitors doctor --json"))(doctor)


def doctor(
    checks_only: Annotated[bool, typer.Option("--checks", help="Leave the list of settings out.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """List settings, look for trouble, advise.

    Shows all settings with values and meanings, looks at everything the platform stands on, and says what to do. Exit
    code 1 when something is wrong.
    """
    import asyncio
    import os
    from dataclasses import asdict

    from ..checkup import Finding, examine
    from ..render import as_json, progress, say, table
    from ..settings_list import every_setting

    settings, refused = every_setting(os.environ)
    with progress("Looking at data folder, NATS, PostgreSQL and Chromium ..."):
        findings = [Finding("settings", "wrong", line, "correct the environment") for line in refused]
        findings = findings or [Finding("settings", "ok", f"{len(settings)}, all valid")]
        findings += asyncio.run(examine(Path(data_dir)))
    wrong = [each for each in findings if each.state == "wrong"]
    if json:
        as_json({"settings": [asdict(each) for each in settings], "checks": [asdict(each) for each in findings]})
    else:
        if not checks_only:
            table(
                ("SETTING", "VALUE", "FROM", "USED BY", "MEANING"),
                (
                    (each.name, each.value, each.source, ", ".join(each.used_by), each.description)
                    for each in sorted(
                        settings, key=lambda each: (each.used_by[0] != "all services", each.used_by, each.name)
                    )
                ),
                keep=("SETTING",),
            )
            say()
        table(("CHECK", "", "FOUND"), ((each.what, each.state, each.detail) for each in findings))
        say()
        advice = [f"- {each.what}: {each.advice}" for each in findings if each.advice]
        say("What to do:" if wrong else "Nothing is wrong." + (" You may want to:" if advice else ""))
        for line in advice:
            say(line)
    if wrong:
        raise typer.Exit(1)
