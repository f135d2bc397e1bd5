"""`monitors openapi`: the API's description."""

import typer

from ..options import examples


def add_to(app: typer.Typer) -> None:
    """Put the command into `app`."""
    app.command(epilog=examples("monitors openapi > openapi.json"))(openapi)


def openapi() -> None:
    """Print the OpenAPI document of the REST API. Needs no running platform."""
    from monitors_gateway.openapi import main

    main()
