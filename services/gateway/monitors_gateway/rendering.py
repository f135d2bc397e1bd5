"""A kept page as a document for a sandboxed frame: cleaned, in our own style, under a policy that lets nothing run or load."""

import asyncio
import base64
import hashlib
from html import escape
from pathlib import Path

from fastapi import Response

from monitors_contracts.base import Id
from monitors_contracts.snapshots import ShownSnapshot, ShowSnapshot

from .contents import unpacked
from .domain.cleaning import Link, clean
from .gateway import Gateway

STYLE = (Path(__file__).parent / "page.css").read_text("utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_POLICY = (
    f"sandbox{{}}; default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
_TRUNCATED = '<p class="note">The page goes on; only its beginning is shown.</p>'


def headers(with_links: bool) -> dict[str, str]:
    """What the browser is told of such a document. Links of ours may lead the window on, when a person clicks them."""
    return {
        "Content-Security-Policy": _POLICY.format(" allow-top-navigation-by-user-activation" if with_links else ""),
        "X-Frame-Options": "SAMEORIGIN",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }


def document(shown: ShownSnapshot, html: str) -> str:
    """The whole document around cleaned HTML."""
    note = _TRUNCATED if shown.is_truncated else ""
    title = escape(shown.title or "Snapshot")
    return (
        f'<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{STYLE}</style></head><body>{html}{note}</body></html>"
    )


async def rendered(
    gateway: Gateway,
    organization_id: Id,
    snapshot_id: Id,
    *,
    refresh_id: Id | None = None,
    place: str | None = None,
    link: Link | None = None,
) -> Response:
    """A kept page with the fact of a check (or a place) marked; with `link`, each readable place leads where it says."""
    asked = ShowSnapshot(
        organization_id=organization_id,
        snapshot_id=snapshot_id,
        refresh_id=refresh_id,
        place=place,
        with_places=link is not None,
    )
    shown = await gateway.runtime.ask(asked, patience=20)
    html = await asyncio.to_thread(_cleaned, shown, link)
    return Response(
        document(shown, html), media_type="text/html; charset=utf-8", headers=headers(with_links=link is not None)
    )


def _cleaned(shown: ShownSnapshot, link: Link | None) -> str:
    return clean(unpacked(base64.b64decode(shown.content)).decode("utf-8", "replace"), link)
