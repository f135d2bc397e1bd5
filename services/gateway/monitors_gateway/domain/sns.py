"""Whether a message is of Amazon SNS: what it signs, and which hosts are its own.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

_HOST = re.compile(r"sns\.[a-z0-9-]{1,40}\.amazonaws\.com(\.cn)?")
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[A-Za-z0-9]{1,100}\.pem")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}


class NotOfSns(ValueError):
    """The message is none of SNS; the text says why."""


def is_of_sns(url: object) -> bool:
    """Whether an address leads to SNS itself, and nowhere else."""
    if not isinstance(url, str) or len(url) > 2000 or not url.isascii() or not url.isprintable() or "\\" in url:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(_HOST.fullmatch(parts.netloc))
    except ValueError:
        return False


def certificate_address(message: dict[str, Any]) -> str:
    """Where the certificate of the signature is. Raises NotOfSns when that is not a place of SNS's own."""
    url = message.get("SigningCertURL")
    if (
        not is_of_sns(url)
        or not isinstance(url, str)
        or not _CERTIFICATE.fullmatch(url.partition(".com")[2].removeprefix(".cn"))
    ):
        raise NotOfSns("its certificate (SigningCertURL) is not where SNS keeps its own")
    return url


def check(message: dict[str, Any], certificate: bytes) -> None:
    """Raises NotOfSns unless this certificate (PEM) signed the message."""
    names = _SIGNED.get(str(message.get("Type")))
    if names is None:
        raise NotOfSns("its Type is none of SNS's")
    lines = "".join(f"{name}\n{message[name]}\n" for name in names if isinstance(message.get(name), str))
    version = message.get("SignatureVersion")
    try:
        key = x509.load_pem_x509_certificate(certificate).public_key()
        signature = b64decode(str(message.get("Signature")), validate=True)
        if not isinstance(key, RSAPublicKey) or version not in ("1", "2"):
            raise NotOfSns("its signature is of no kind that SNS makes")
        key.verify(signature, lines.encode(), PKCS1v15(), SHA256() if version == "2" else SHA1())  # noqa: S303 - version 1 is so
    except (InvalidSignature, NotBase64, ValueError) as wrong:
        raise NotOfSns("its signature is not of SNS") from wrong
