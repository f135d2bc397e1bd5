"""Network errors in plain words."""

import socket
import ssl
from collections.abc import Iterator

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError

from monitors_contracts.pages import Failure
from monitors_runtime.guarded_http import RefusedAddress, refusal_behind

from .domain.pages import Obstructed


def refused(error: RefusedAddress) -> Obstructed:
    """The address leads where this installation does not go."""
    detail = f"The address leads to {error.host}, a {error.reason} address, which is not allowed to be watched."
    return Obstructed.by(Failure.REFUSED_ADDRESS, detail)


def obstructed_by(error: Exception) -> Obstructed:
    """What a failed connection or a broken answer means for a person."""
    if refusal := refusal_behind(error):
        return refused(refusal)
    match error:
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return Obstructed.by(Failure.TLS, f"The site's certificate is not accepted: {_certificate_fault(error)}.")
        case aiohttp.ClientConnectorDNSError() | socket.gaierror() | UnicodeError():
            return Obstructed.by(Failure.DNS, "The site's name was not found. Check the address for a slip.")
        case aiohttp.InvalidURL():
            return Obstructed.by(Failure.UNSUPPORTED, "The address is not a valid web address.")
        case aiohttp.ClientHttpProxyError() | aiohttp.ClientProxyConnectionError():
            return Obstructed.by(
                Failure.CONNECTION, "The proxy did not connect to the site. Check the proxy's settings."
            )
        case TimeoutError():
            return Obstructed.by(Failure.TIMEOUT, "The site took too long to answer. Try again later.")
        case aiohttp.ClientConnectorError():
            return Obstructed.by(Failure.CONNECTION, "The site does not accept connections. Try again later.")
        case aiohttp.ClientResponseError():
            return Obstructed.by(Failure.SERVER, "The site's answer is not proper HTTP and cannot be read.")
        case aiohttp.ClientPayloadError() if any(isinstance(each, ContentEncodingError) for each in _chain(error)):
            return Obstructed.by(Failure.SERVER, "The site's answer is compressed wrongly and cannot be read.")
        case _:
            return Obstructed.by(Failure.CONNECTION, "The connection to the site broke. Try again later.")


def _certificate_fault(error: Exception) -> str:
    for each in _chain(error):
        if isinstance(each, ssl.SSLCertVerificationError) and getattr(each, "verify_message", ""):
            return each.verify_message.rstrip(".")
    return "the secure connection could not be set up"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", None)
        error = inner or error.__cause__ or error.__context__
