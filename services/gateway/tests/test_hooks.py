"""Integrations, and what comes to their addresses."""

import gzip
import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from monitors_contracts.base import new_id
from monitors_gateway.domain import sns as domain
from monitors_gateway.domain.sns import is_of_sns
from monitors_gateway.incoming.kinds import KNOWN
from monitors_gateway.sns import Sns

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.integration]
BODIES = Path(__file__).parent / "data" / "hooks"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem"
CONFIRM_URL = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f"


async def make(browser: Any, kind: str, **more: Any) -> Any:
    reply = await browser.post("/api/integrations", json={"kind": kind, "name": f"Our {kind}"} | more)
    assert reply.status_code == 201, reply.text
    return reply.json()


def path_of(made: Any) -> str:
    return "/api/" + made["url"].partition("/api/")[2]


@pytest.mark.parametrize("kind", [kind for kind in KNOWN if kind != "cloudwatch"])
async def test_the_example_of_each_kind_is_taken_by_its_address(
    kind: str, robin: Any, visitor: Any, services: Any
) -> None:
    made = await make(robin, kind, labels={"team": "shop", "alertname": "never"})
    integration = made["integration"]
    example = json.loads(integration["example"])
    if kind == "datadog":
        example |= {"transition": "Triggered", "title": "Requests fail"}
    reply = await visitor.post(path_of(made), json=example)
    assert reply.status_code == 200, reply.text
    assert reply.json() == {"success": True, "received": 1, "opened": 1, "resolved": 0}
    command = services.receiving.received[-1]
    assert (command.organization_id, command.origin) == (
        robin.organization_id,
        "webhook" if kind == "generic" else kind,
    )
    assert command.resolve_after == 31 * 86_400
    assert command.alerts[0].labels["team"] == "shop"
    assert command.alerts[0].labels["alertname"] != "never"
    shown = (await robin.get(f"/api/integrations/{integration['id']}")).json()
    assert (shown["alerts"], shown["refused"], shown["lastRefusal"]) == (1, 0, None)
    assert shown["lastReceivedAt"]
    assert made["url"][-4:] == shown["hint"][-4:]


async def test_what_can_not_be_read_is_refused_and_shown(robin: Any, visitor: Any) -> None:
    made = await make(robin, "grafana")
    for sent, says in (({"alerts": [{"status": "firing"}]}, "alerts[0]: at least one label"), ([], "no JSON object")):
        reply = await visitor.post(path_of(made), json=sent)
        assert (reply.status_code, reply.json()["type"]) == (422, "unreadable-payload")
        assert says in reply.json()["detail"]
    shown = (await robin.get(f"/api/integrations/{made['integration']['id']}")).json()
    assert (shown["alerts"], shown["refused"], shown["lastReceivedAt"]) == (0, 2, None)
    assert "no JSON object" in shown["lastRefusal"]


async def test_bodies_that_are_deep_large_or_bombs_are_refused(robin: Any, visitor: Any) -> None:
    path = path_of(await make(robin, "generic"))
    deep = b'{"a":' * 50_000
    assert (await visitor.post(path, content=deep)).status_code == 422
    assert (await visitor.post(path, content=b" " * 1_100_000)).status_code == 413
    zipped = {"content-encoding": "gzip"}
    bomb = await visitor.post(path, content=gzip.compress(b" " * 50_000_000), headers=zipped)
    assert (bomb.status_code, bomb.json()["type"]) == (413, "body-too-large")
    assert (await visitor.post(path, content=b"no gzip", headers=zipped)).status_code == 422
    assert (await visitor.post(path, content=b"{}", headers={"content-encoding": "br"})).status_code == 415
    packed = gzip.compress(KNOWN["generic"].example.encode())
    assert (await visitor.post(path, content=packed, headers=zipped)).json()["received"] == 1


async def test_an_address_that_is_none_or_of_another_kind_is_not_found(robin: Any, visitor: Any) -> None:
    made = await make(robin, "generic")
    key = path_of(made).rpartition("/")[2]
    for path in (f"/api/hooks/grafana/{key}", "/api/hooks/generic/made-up"):
        reply = await visitor.post(path, json={"name": "x"})
        assert (reply.status_code, reply.json()["type"]) == (404, "integration-not-found")
    assert (await visitor.post(f"/api/hooks/nothing/{key}", json={})).status_code == 404


async def test_an_integration_is_changed_paused_and_taken_back(
    robin: Any, alex: Any, visitor: Any, services: Any
) -> None:
    made = await make(robin, "generic")
    path, address = path_of(made), f"/api/integrations/{made['integration']['id']}"
    change = {"mapping": {"name": "{/title}"}, "labels": {"site": "a"}, "resolveAfter": "10m", "name": "Checks"}
    changed = (await robin.patch(address, json=change)).json()["integration"]
    assert (changed["name"], changed["resolveAfter"], changed["mapping"]["name"]) == ("Checks", 600, "{/title}")
    assert (await visitor.post(path, json={"title": "Disk"})).status_code == 200
    assert (services.receiving.received[-1].resolve_after, services.receiving.received[-1].alerts[0].labels) == (
        600,
        {"site": "a", "alertname": "Disk"},
    )
    assert (await robin.patch(address, json={"secret": "s"})).status_code == 422
    for method in ("GET", "PATCH", "DELETE"):
        assert (await alex.request(method, address, json={})).status_code == 404
    assert (await alex.get("/api/integrations")).json() == {"integrations": []}
    await robin.patch(address, json={"isActive": False})
    assert (await visitor.post(path, json={"title": "Disk"})).json()["type"] == "integration-paused"
    assert (await robin.delete(address)).json() == {"success": True}
    assert (await visitor.post(path, json={"title": "Disk"})).status_code == 404
    assert (await robin.get("/api/integrations")).json() == {"integrations": []}
    audited = [each["what"] for each in (await robin.get("/api/audit")).json()["entries"]]
    assert audited[:2] == ["integration.delete", "integration.update"]


async def test_the_address_is_shown_once_and_kept_as_a_hash(robin: Any, gateway: SimpleNamespace) -> None:
    made = await make(robin, "sentry", secret="client-secret-8")
    listed = (await robin.get("/api/integrations")).text
    key = path_of(made).rpartition("/")[2]
    rows = await gateway.runtime.pool.fetch("SELECT i::text FROM gateway.integrations i")
    assert key not in listed
    assert "client-secret-8" not in listed
    assert all(key not in row[0] for row in rows)


async def test_sentry_with_a_secret_is_taken_only_when_it_is_signed(robin: Any, visitor: Any) -> None:
    path = path_of(await make(robin, "sentry", secret="client secret"))
    sent = (BODIES / "sentry-event.json").read_bytes()
    refused = await visitor.post(path, content=sent)
    assert (refused.status_code, refused.json()["type"]) == (401, "invalid-signature")
    signed = {"Sentry-Hook-Signature": hmac.new(b"client secret", sent, sha256).hexdigest()}
    assert (await visitor.post(path, content=sent, headers=signed)).json()["received"] == 1
    for headers, body in ((signed, sent + b" "), ({b"sentry-hook-signature": b"\xff\xfe"}, sent)):
        assert (await visitor.post(path, content=body, headers=headers)).status_code == 401


@pytest.fixture
def certificate() -> bytes:
    """A certificate for KEY."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return builder.sign(KEY, SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture
def fetched(gateway: SimpleNamespace, certificate: bytes) -> Any:
    """The addresses that were fetched, by a gateway that finds the certificate everywhere."""
    urls: list[str] = []

    async def get(url: str) -> bytes:
        urls.append(url)
        return certificate

    parts = gateway.app.state.gateway
    before, parts.sns = parts.sns, Sns(get)
    yield urls
    parts.sns = before


def message(kind: str = "Notification", version: str = "2", **more: str) -> dict[str, str]:
    """A signed message of SNS."""
    found = {
        "Type": kind,
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms",
        "Message": (BODIES / "cloudwatch.json").read_text(),
        "Timestamp": "2026-11-21T10:15:45.000Z",
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE_URL,
    } | more
    if kind == "Notification":
        found["Subject"] = 'ALARM: "Orders are slow"'
        names = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
    else:
        found |= {"Token": "2336412f", "SubscribeURL": more.get("SubscribeURL", CONFIRM_URL)}
        names = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
    signed = "".join(f"{name}\n{found[name]}\n" for name in names).encode()
    signature = KEY.sign(signed, PKCS1v15(), SHA256() if version == "2" else SHA1())
    return found | {"Signature": b64encode(signature).decode()}


@pytest.mark.parametrize("version", ["1", "2"])
async def test_cloudwatch_is_taken_when_sns_signed_it(
    version: str, robin: Any, visitor: Any, services: Any, fetched: list[str]
) -> None:
    path = path_of(await make(robin, "cloudwatch"))
    for _ in range(2):
        reply = await visitor.post(
            path, content=json.dumps(message(version=version)), headers={"content-type": "text/plain"}
        )
        assert reply.json()["received"] == 1
    assert fetched == [CERTIFICATE_URL]
    assert services.receiving.received[-1].alerts[0].name == "Orders are slow"


async def test_a_subscription_is_confirmed_at_sns(robin: Any, visitor: Any, fetched: list[str]) -> None:
    path = path_of(await make(robin, "cloudwatch"))
    assert (await visitor.post(path, json=message("SubscriptionConfirmation"))).json()["received"] == 0
    assert fetched == [CERTIFICATE_URL, CONFIRM_URL]


@pytest.mark.parametrize(
    "forged",
    [
        {"Message": '{"AlarmName":"x","NewStateValue":"ALARM"}'},
        {"Subject": "other"},
        {"Signature": "AAAA"},
        {"Signature": "no base64"},
        {"SignatureVersion": "3"},
        {"Type": "Other"},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com.example/SimpleNotificationService-0123abcd.pem"},
        {"SigningCertURL": "https://bucket.s3.amazonaws.com/SimpleNotificationService-0123abcd.pem"},
        {"SigningCertURL": "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem"},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com/?Action=Publish"},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com@127.0.0.1/SimpleNotificationService-0123abcd.pem"},
        {"SigningCertURL": ""},
    ],
)
async def test_what_sns_did_not_sign_is_refused_and_leads_nowhere(
    forged: dict[str, str], robin: Any, visitor: Any, fetched: list[str]
) -> None:
    path = path_of(await make(robin, "cloudwatch"))
    reply = await visitor.post(path, json=message() | forged)
    assert (reply.status_code, reply.json()["type"]) == (401, "invalid-signature")
    assert set(fetched) <= {CERTIFICATE_URL}


async def test_a_subscription_that_leads_elsewhere_is_not_confirmed(
    robin: Any, visitor: Any, fetched: list[str]
) -> None:
    path = path_of(await make(robin, "cloudwatch"))
    for url in ("https://example.com/", "https://sns.eu-west-1.amazonaws.com:8443/x", "http://127.0.0.1/"):
        reply = await visitor.post(path, json=message("SubscriptionConfirmation", SubscribeURL=url))
        assert reply.status_code == 401
    assert fetched == [CERTIFICATE_URL]


@pytest.mark.parametrize(
    ("url", "good"),
    [
        (CONFIRM_URL, True),
        ("https://sns.cn-north-1.amazonaws.com.cn/x", True),
        ("https://sns.eu-west-1.amazonaws.com\\@evil.example/", False),
        ("https://user@sns.eu-west-1.amazonaws.com/", False),
        ("https://sns.eu-west-1.amazonaws.com.evil.example/", False),
        ("https://sns..amazonaws.com/", False),
        ("https://[", False),
        (None, False),
    ],
)
async def test_only_hosts_of_sns_are_its_own(url: Any, good: bool) -> None:
    assert is_of_sns(url) is good


async def test_a_certificate_that_is_none_verifies_nothing() -> None:
    with pytest.raises(domain.NotOfSns):
        domain.check(dict(message()), b"<html>")


async def test_there_is_an_end_to_how_many_there_may_be(robin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitors_gateway.api.integrations.MOST", 1)
    await make(robin, "generic")
    reply = await robin.post("/api/integrations", json={"kind": "generic", "name": "one more"})
    assert (reply.status_code, reply.json()["type"]) == (409, "integration-limit")


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "pigeon"},
        {"name": " "},
        {"kind": "grafana", "mapping": {}},
        {"secret": "s"},
        {"labels": {"a": ""}},
        {"resolveAfter": "1s"},
        {"mapping": {"name": "{title}"}},
    ],
)
async def test_what_makes_no_integration_is_said(wrong: dict[str, Any], robin: Any) -> None:
    reply = await robin.post("/api/integrations", json={"kind": "generic", "name": "Checks"} | wrong)
    assert (reply.status_code, reply.json()["type"]) == (422, "invalid-request")
    assert (await robin.get(f"/api/integrations/{new_id()}")).status_code == 404
