"""Answers that many resources share: entity tags, and the page to show of a list."""

import hashlib
from typing import Annotated

from fastapi import Path, Query, Request, Response
from pydantic import BaseModel

from monitors_contracts.base import Id

Limit = Annotated[int, Query(ge=1, le=500, description="Most items on this page")]
PathId = Annotated[Id, Path(alias="id")]
Cursor = Annotated[str | None, Query(max_length=500, description="`nextCursor` of the page before")]


def tagged(request: Request, body: BaseModel) -> Response:
    """The body with its ETag, or 304 when the client has it already (If-None-Match)."""
    content = body.model_dump_json(by_alias=True).encode()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)
