"""The OpenAPI document, and a page that shows it without any foreign host."""

from pathlib import Path
from typing import Any

import fastapi_offline
from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.staticfiles import StaticFiles
from starlette.responses import HTMLResponse, Response

from monitors_contracts.base import Problem

from . import problems

ASSETS = Path(fastapi_offline.__file__).parent / "static"
DOCS_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; frame-ancestors 'none'"
    )
}
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Monitors! API</title>
<link rel="stylesheet" href="docs/assets/swagger-ui.css"><link rel="icon" href="data:,"></head>
<body><div id="swagger-ui"></div>
<script src="docs/assets/swagger-ui-bundle.js"></script><script src="docs/start.js"></script></body></html>"""
START = 'SwaggerUIBundle({url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true, persistAuthorization: false});'
PROBLEM_EXAMPLE = {
    "type": "refresh-limit-monitor",
    "title": "This monitor was refreshed a moment ago",
    "status": 429,
    "detail": "A monitor may be refreshed once a minute; the next refresh is allowed at 2026-11-21 10:00:42 UTC.",
    "retryAt": "2026-11-21T10:00:41.512000Z",
}


def install(app: FastAPI) -> None:
    """Serve `/openapi.json` and `/docs`."""
    app.openapi = lambda: _document(app)

    async def docs(_: Request) -> Response:
        return HTMLResponse(PAGE, headers=DOCS_HEADERS)

    async def start(_: Request) -> Response:
        return Response(START, media_type="text/javascript")

    app.add_route("/docs", docs, include_in_schema=False)
    app.add_route("/docs/start.js", start, include_in_schema=False)
    app.mount("/docs/assets", StaticFiles(directory=ASSETS), name="docs-assets")


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
        )
        app.openapi_schema = _with_problems(document)
    return app.openapi_schema


def _with_problems(document: dict[str, Any]) -> dict[str, Any]:
    """Errors are problem documents, whichever route they come from."""
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schema = Problem.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}")
    for name, part in schema.pop("$defs", {}).items():
        schemas.setdefault(name, part)
    schemas["Problem"] = schema
    content = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": PROBLEM_EXAMPLE}}
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            problem = {"description": "Problem details (RFC 9457)", "content": content}
            operation["responses"].setdefault("default", problem)["content"] |= content
    return document
