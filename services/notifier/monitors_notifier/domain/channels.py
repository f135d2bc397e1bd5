"""What makes a channel valid, where it leads, and how much of that may be shown."""

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from monitors_contracts.base import Id
from monitors_contracts.notifications import ChannelKind, ChannelSpec

SECRET_PREFIX = "whsec_"  # noqa: S105 (the prefix all Standard Webhooks secrets share)
SECRET_BYTES = range(24, 65)
"""How many bytes a Standard Webhooks secret holds."""

_LONGEST_SHOWN = 24
_FIELDS: dict[ChannelKind, frozenset[str]] = {
    "local": frozenset(),
    "email": frozenset({"address"}),
    "webhook": frozenset({"url", "secret"}),
    "apprise": frozenset({"url"}),
}
_SCHEME = re.compile(r"[a-z][a-z0-9]{1,30}", re.IGNORECASE)


class InvalidChannel(ValueError):
    """A channel that could not work. `field` is the spec's field, `detail` is for the person."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Target:
    """Where a channel's messages go, secrets included: never shown, never logged."""

    organization_id: Id
    channel_id: Id
    kind: ChannelKind
    url: str | None = None
    address: str | None = None
    secret: str | None = None

    def __repr__(self) -> str:
        return f"Target({self.kind} {masked(self)})"


def make_target(organization_id: Id, channel_id: Id, spec: ChannelSpec, *, entropy: bytes) -> Target:
    """The target of a valid spec. A webhook without a secret gets one made of `entropy` (32 random bytes).

    Raises InvalidChannel. Addresses behind host names are the channels' concern, when they connect.
    """
    given = {name for name in ("url", "address", "secret") if getattr(spec, name)}
    if superfluous := given - _FIELDS[spec.kind]:
        raise InvalidChannel(min(superfluous), f"a channel of kind {spec.kind} takes none")
    if missing := _FIELDS[spec.kind] - {"secret"} - given:
        raise InvalidChannel(min(missing), f"a channel of kind {spec.kind} needs one")
    secret = None
    if spec.kind == "webhook":
        _check_http(spec.url or "")
        secret = spec.secret or SECRET_PREFIX + b64encode(entropy).decode()
        _check_secret(secret)
    elif spec.kind == "apprise":
        scheme, separator, rest = (spec.url or "").partition("://")
        if not separator or not rest or not _SCHEME.fullmatch(scheme) or _has_control(rest):
            raise InvalidChannel("url", "not an Apprise URL; one looks like slack://token/channel")
    return Target(organization_id, channel_id, spec.kind, spec.url, spec.address, secret)


def masked(target: Target) -> str:
    """Where a target leads, for its owners to recognize, without what would let anybody else send there."""
    if target.kind == "local":
        return "outbox"
    if target.kind == "email":
        return target.address or ""
    url = target.url or ""
    if target.kind == "apprise":
        return f"{url.partition('://')[0].lower()}://…"
    parts = urlsplit(url)
    segments = [part for part in parts.path.split("/") if part]
    shown = f"{parts.scheme}://{_host(parts)}"
    if segments:
        first = segments[0]
        shown += "/" + (first if len(first) <= _LONGEST_SHOWN else first[:4] + "…")
    return shown + ("/…" if len(segments) > 1 or parts.query else "")


def default_name(target: Target) -> str:
    """What a channel is called when nobody named it."""
    match target.kind:
        case "local":
            name = "Outbox"
        case "email":
            name = target.address or "Email"
        case "webhook":
            name = f"Webhook to {urlsplit(target.url or '').hostname}"
        case "apprise":
            name = (target.url or "").partition("://")[0].lower().capitalize()
    return name[:100]


def _check_http(url: str) -> None:
    if _has_control(url) or " " in url:
        raise InvalidChannel("url", "holds characters that no URL may hold")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidChannel("url", "not a URL") from error
    if parts.scheme not in ("http", "https") or not host:
        raise InvalidChannel("url", "must begin with https:// or http:// and name a host")
    if port == 0:
        raise InvalidChannel("url", "port 0 cannot be connected to")


def _check_secret(secret: str) -> None:
    try:
        size = len(b64decode(secret.removeprefix(SECRET_PREFIX) + "==")) if secret.startswith(SECRET_PREFIX) else 0
    except (NotBase64, ValueError):
        size = 0
    if size not in SECRET_BYTES:
        raise InvalidChannel("secret", f"must be {SECRET_PREFIX} followed by 24 to 64 bytes in base64")


def _has_control(text: str) -> bool:
    return any(not character.isprintable() for character in text)


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    bracketed = f"[{host}]" if ":" in host else host
    return f"{bracketed}:{parts.port}" if parts.port else bracketed
