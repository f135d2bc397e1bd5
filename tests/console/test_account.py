"""A person's way through their account in a real browser."""

import io
import re
import zipfile
from typing import Any

import httpx
from playwright.sync_api import expect

from browsing import PASSWORD, forgive, sign_in

OTHER = "Correct2horses"


def test_signing_up_out_and_in_again(visit: Any) -> None:
    visitor = visit()
    page = visitor.go("/account")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    sign_in(page, visitor.email, "Wrong1horse")
    expect(page.get_by_role("alert")).to_contain_text("upper and lower case differ")
    expect(page.get_by_label("E-mail")).to_have_value(visitor.email)
    forgive(visitor, 401)
    sign_in(page, visitor.email)
    expect(page.locator("body[data-signed-in]")).to_be_attached()


def test_what_a_password_needs_is_ticked_off_while_it_is_typed_and_it_can_be_shown(visit: Any) -> None:
    page = visit(signed_up=False).go("/signup")
    password = page.get_by_label("Password", exact=True)
    met = page.locator(".rules .met")
    password.fill("abc")
    expect(met).to_have_count(1)
    password.fill("Abcdefg1")
    expect(met).to_have_count(4)
    page.get_by_role("button", name="Show what is typed").click()
    expect(password).to_have_attribute("type", "text")
    page.get_by_role("button", name="Hide what is typed").click()
    expect(password).to_have_attribute("type", "password")


def test_one_who_is_sent_to_the_sign_in_comes_back_to_where_they_were_going(visit: Any) -> None:
    visitor = visit()
    visitor.page.goto("about:blank")  # what the page left asks for without its cookie is a complaint of the browser
    visitor.context.clear_cookies()
    page = visitor.go("/account/usage")
    expect(page.get_by_text("Sign in to go on where you were.")).to_be_visible()
    sign_in(page, visitor.email)
    expect(page.get_by_role("heading", name="Limits")).to_be_visible()
    assert page.url.endswith("/console/account/usage")


def test_a_session_ended_from_elsewhere_leads_to_the_sign_in_and_back(visit: Any) -> None:
    here = visit()
    there = visit(signed_up=False)
    sign_in(there.go("/login?next=/console/account/tokens"), here.email)
    expect(there.page.get_by_role("heading", name="Create a token")).to_be_visible()
    there.live()
    page = here.go("/account/sessions")
    expect(page.get_by_text("This browser")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Sign out Chrome")).click()
    expect(page.get_by_text("Signed out there.")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Sign out Chrome"))).to_have_count(0)
    expect(there.page.get_by_text("You were signed out")).to_be_visible()
    forgive(there, 401)
    sign_in(there.page, here.email)
    expect(there.page.get_by_role("heading", name="Create a token")).to_be_visible()
    assert there.page.url.endswith("/console/account/tokens")


def test_a_new_password_is_the_one_that_counts(visit: Any) -> None:
    visitor = visit()
    page = visitor.go("/account")
    page.get_by_label("Current password").fill("Wrong1horse")
    page.get_by_label("New password").fill(OTHER)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("This is not your current password.")).to_be_visible()
    forgive(visitor, 403)
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password").fill(OTHER)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Your password is changed.")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, visitor.email, OTHER)
    expect(page.locator("body[data-signed-in]")).to_be_attached()


def test_a_token_is_made_used_and_revoked(visit: Any, platform: Any) -> None:
    visitor = visit()
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visitor.go("/account/tokens")
    expect(page.get_by_role("heading", name="No API tokens yet")).to_be_visible()
    page.get_by_label("Name").fill("Dashboard")
    page.get_by_role("button", name="Create token").click()
    expect(page.get_by_role("heading", name="“Dashboard” is ready")).to_be_visible()
    page.get_by_role("button", name="Copy").click()
    token = page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(r"mon_[0-9A-Za-z]{36}", token)

    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{platform.api}/api/monitors", headers=headers).status_code == 200
    refused = httpx.post(f"{platform.api}/api/interpret", headers=headers, json={"prompt": "x" * 20})
    assert (refused.status_code, refused.json()["type"]) == (403, "insufficient-scope")

    visitor.go("/account/tokens")
    expect(page.get_by_text(token)).to_have_count(0)
    page.locator("summary", has_text="Revoke").click()
    expect(page.get_by_text("This can't be undone.")).to_be_visible()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("The token is revoked.")).to_be_visible()
    expect(page.get_by_role("heading", name="No API tokens yet")).to_be_visible()
    assert httpx.get(f"{platform.api}/api/monitors", headers=headers).status_code == 401


def test_everything_can_be_taken_away(visit: Any) -> None:
    visitor = visit()
    page = visitor.go("/account/data")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download everything").click()
    assert re.fullmatch(r"monitors-\d{4}-\d\d-\d\d\.zip", download.value.suggested_filename)
    with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as archive:
        assert visitor.email in archive.read("profile.json").decode()


def test_an_account_is_deleted_and_its_other_browsers_are_signed_out(visit: Any) -> None:
    visitor = visit()
    other = visit(signed_up=False)
    sign_in(other.go("/login?next=/console/account"), visitor.email)
    expect(other.page.locator("body[data-signed-in]")).to_be_attached()
    other.live()
    page = visitor.go("/account/data")
    page.locator("summary", has_text="Delete the account").click()
    page.get_by_label("Type “delete” to confirm").fill("delete")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Delete this account for good").click()
    expect(page.get_by_text("Your account is deleted")).to_be_visible()
    expect(other.page.get_by_role("heading", name="Welcome back")).to_be_visible()
    sign_in(page, visitor.email)
    expect(page.get_by_role("alert").first).to_contain_text("upper and lower case differ")
    forgive(visitor, 401)
    forgive(other, 401)


def test_all_of_it_works_without_javascript(visit: Any) -> None:
    visitor = visit(java_script_enabled=False)
    page = visitor.go("/account")
    page.get_by_role("textbox", name="Name").fill("Robin B.")
    page.get_by_role("button", name="Save name").click()
    expect(page.get_by_text("Your name is saved.")).to_be_visible()
    visitor.go("/account/tokens")
    page.get_by_role("textbox", name="Name").fill("Script")
    page.get_by_role("button", name="Create token").click()
    expect(page.locator("#token")).to_have_text(re.compile("^mon_"))
    page.locator("summary", has_text="Revoke").click()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("heading", name="No API tokens yet")).to_be_visible()
    visitor.go("/account/data")
    page.locator("summary", has_text="Delete the account").click()
    page.get_by_label("Type “delete” to confirm").fill("delete")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Delete this account for good").click()
    expect(page.get_by_text("Your account is deleted")).to_be_visible()
