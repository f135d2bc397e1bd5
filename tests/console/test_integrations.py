"""Integrations in a browser: an address is made, something is sent to it, and the page shows it as it comes."""

import re
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import expect


def test_an_integration_is_made_tried_and_seen_at_work(visitor: Any) -> None:
    page = visitor.go("/integrations")
    page.get_by_role("link", name="Add an integration").click()
    page.get_by_role("link", name="Any webhook").click()
    page.get_by_label("Name").fill("Checks")
    page.get_by_label("Labels").fill("team=shop")
    page.get_by_role("button", name="Make its address").click()
    address = page.get_by_label("Address to send alerts to")
    expect(address).to_have_value(re.compile("/api/hooks/generic/.{20,}"))
    url = address.input_value()
    expect(page.get_by_label("Example")).to_contain_text(url)
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("heading", name="Checks", level=1)).to_be_visible()
    expect(page.get_by_text(urlsplit(url).path)).to_have_count(0)
    visitor.live()
    body = {"name": "DiskFull", "severity": "critical", "summary": "db-1 has no room left"}
    assert httpx.post(url, json=body).status_code == 200
    expect(page.locator("#integration-state")).to_contain_text("1 alert")
    visitor.go("/alerts")
    expect(page.get_by_text("db-1 has no room left").first).to_be_visible()


def test_an_integration_is_paused_and_deleted_once_confirmed(visitor: Any) -> None:
    made = visitor.api("POST", "/api/integrations", {"kind": "grafana", "name": "Grafana of the shop"})
    row = visitor.go("/integrations").locator(f"#integration-{made['integration']['id']}")
    row.get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("Paused")
    assert httpx.post(made["url"], json={"alerts": []}).status_code == 403
    row.get_by_text("Delete").first.click()
    row.locator(".confirm-panel").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    assert httpx.post(made["url"], json={"alerts": []}).status_code == 404
