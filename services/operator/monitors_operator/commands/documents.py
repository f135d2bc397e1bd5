"""`monitors openapi` and `asyncapi`: the platform's interfaces as documents."""

import typer

from ..options import examples


def add_to(app: typer.Typer) -> None:
    """Put the commands into `app`."""
    app.command(epilog=examples("monitors openapi > openapi.json"))(openapi)
    app.command(epilog=examples("monitors asyncapi > asyncapi.json"))(asyncapi)


def openapi() -> None:
    """Print the REST API as an OpenAPI document."""
    from monitors_gateway.openapi import main

    main()


def asyncapi() -> None:
    """Print events and requests as an AsyncAPI document."""
    from monitors_contracts.asyncapi import document

    from ..render import as_json

    as_json(document())
