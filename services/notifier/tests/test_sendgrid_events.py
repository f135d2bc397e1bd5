import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from monitors_contracts.notifications import DeliveryState
from monitors_notifier.sendgrid_events import InvalidSignature, parse, verify

# From sendgrid/sendgrid-python test/unit/test_eventwebhook.py (MIT).
KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpV"
    "KS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
)
OTHER_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqTxd43gyp8IOEto2LdIfjRQrIbsd4SXZkLW6jDutdhXS"
    "JCWHw8REntlo7aNDthvj+y7GjUuFDb/R1NGe1OPzpA=="
)
OTHER_SIGNATURE = "MEUCIQCtIHJeH93Y+qpYeWrySphQgpNGNr/U+UyUlBkU6n7RAwIgJTz2C+8a8xonZGi6BpSzoQsbVRamr2nlxFDWYNH3j/0="
SIGNATURE = "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
TIMESTAMP = "1600112502"
BODY = (
    '[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",'
    '"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",'
    '"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",'
    '"smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n'
)
SIGNED_AT = datetime.fromtimestamp(int(TIMESTAMP), UTC)
ORGANIZATION = UUID("01a1ff00-add6-700d-ab5d-c7ab567703bb")
DELIVERY = UUID("01a1ff00-add6-700d-ab5d-c7aa14066bb3")


def check(**changes: Any) -> None:
    fields: dict[str, Any] = {"signature": SIGNATURE, "timestamp": TIMESTAMP, "public_key": KEY, "now": SIGNED_AT}
    body: str = changes.pop("body", BODY)
    verify(body, **(fields | changes))


def test_verify_when_it_is_the_published_vector_then_passes():
    check()


@pytest.mark.parametrize(
    "changes",
    [
        {"body": BODY + " "},
        {"body": BODY.replace("dropped", "clicked")},
        {"body": BODY.rstrip()},
        {"timestamp": "1600112503"},
        {"signature": "MEUCIGHQVtGj"},
        {"signature": "not base64!"},
        {"signature": ""},
        {"signature": "é"},
        {"public_key": OTHER_KEY},
        {
            "public_key": OTHER_KEY,
            "body": "payload",
            "signature": OTHER_SIGNATURE,
            "timestamp": "timestamp",
            "tolerance": None,
        },
    ],
)
def test_verify_when_anything_differs_then_refused(changes: dict[str, Any]):
    with pytest.raises(InvalidSignature):
        check(**changes)


def test_verify_when_signed_too_long_ago_then_refused_unless_age_does_not_matter():
    check(now=SIGNED_AT + timedelta(minutes=10))
    for now in (SIGNED_AT + timedelta(minutes=11), SIGNED_AT - timedelta(minutes=11)):
        with pytest.raises(InvalidSignature, match="old"):
            check(now=now)
        check(now=now, tolerance=None)


def test_verify_when_the_signed_timestamp_is_no_time_then_refused():
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    signature = b64encode(key.sign(b"soon[]", ec.ECDSA(SHA256()))).decode()
    with pytest.raises(InvalidSignature, match="no time"):
        verify("[]", signature=signature, timestamp="soon", public_key=b64encode(public).decode(), now=SIGNED_AT)


@pytest.mark.parametrize("curve", [ec.SECP384R1(), None])
def test_verify_when_the_operators_key_is_none_then_value_error_but_no_refusal(curve: ec.EllipticCurve | None):
    text = "bm9uZQ=="
    if curve:
        public = ec.generate_private_key(curve).public_key()
        text = b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the message is the library's)
        check(public_key=text)
    assert not isinstance(caught.value, InvalidSignature)


def event(kind: str, **changes: Any) -> dict[str, Any]:
    ids = {"delivery_id": str(DELIVERY), "organization_id": str(ORGANIZATION)}
    return {"email": "a@b.example", "event": kind, "timestamp": 1600112492, **ids, **changes}


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("delivered", DeliveryState.DELIVERED),
        ("open", DeliveryState.OPENED),
        ("click", DeliveryState.CLICKED),
        ("bounce", DeliveryState.BOUNCED),
        ("dropped", DeliveryState.FAILED),
        ("spamreport", DeliveryState.SPAM),
        ("unsubscribe", DeliveryState.UNSUBSCRIBED),
        ("group_unsubscribe", DeliveryState.UNSUBSCRIBED),
    ],
)
def test_parse_when_an_event_is_of_ours_then_says_what_became_of_which_delivery(kind: str, state: DeliveryState):
    [parsed] = parse(json.dumps([event(kind, reason="550\r\nno")]))
    assert (parsed.organization_id, parsed.delivery_id, parsed.state) == (ORGANIZATION, DELIVERY, state)
    assert parsed.at == datetime(2020, 9, 14, 19, 41, 32, tzinfo=UTC)
    assert parsed.detail == "550 no"


def test_parse_when_events_are_foreign_or_broken_then_the_others_are_still_read():
    events: list[Any] = [
        event("processed"),
        event("deferred"),
        event("delivered", delivery_id="x"),
        event("delivered", delivery_id=5),
        event("delivered", timestamp="soon"),
        event("delivered", timestamp=1e300),
        {"event": "open"},
        None,
        [],
        event("open"),
    ]
    assert [parsed.state for parsed in parse(json.dumps(events))] == [DeliveryState.OPENED]
    assert parse(BODY) == []


@pytest.mark.parametrize("body", ["", "{}", "5", '"x"', "[", "null"])
def test_parse_when_the_body_is_no_list_then_nothing(body: str):
    assert parse(body) == []
