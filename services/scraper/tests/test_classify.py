from typing import Any

import pytest

from monitors_contracts.pages import Failure
from monitors_scraper.domain.classify import Answer, obstacle_in
from monitors_scraper.domain.html import HtmlPage

HEAD = "<!doctype html><html><head><title>{title}</title>{head}</head><body>{body}</body></html>"
URL = "https://shop.test/kettle"


def judge(
    body: str, *, title: str = "Kettle", head: str = "", status: int = 200, final: str = URL, **headers: str
) -> Failure | None:
    text = HEAD.format(title=title, head=head, body=body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    found = obstacle_in(Answer(URL, final, status, named, text, HtmlPage(text)))
    return found.failure if found else None


WALLS: dict[str, tuple[str, dict[str, Any], Failure]] = {
    "turnstile": (
        "<h1>shop.test</h1><p>Verify you are human by completing the action below.</p>"
        "<div class='cf-turnstile' data-sitekey='x'></div>",
        {"title": "Just a moment...", "status": 403},
        Failure.CAPTCHA,
    ),
    "recaptcha": (
        "<h1>Are you a robot?</h1><p>Please complete the captcha to continue.</p><div class='g-recaptcha'></div>",
        {"title": "Security check"},
        Failure.CAPTCHA,
    ),
    "letters": (
        "<h4>Enter the characters you see below</h4><p>Sorry, we just need to make sure you're not a robot.</p>"
        "<form action='/errors/validateCaptcha'><input name='field-captcha'><button>Continue</button></form>",
        {"title": "Shop"},
        Failure.CAPTCHA,
    ),
    "press and hold": (
        "<div id='px-captcha'></div><p>Press &amp; Hold to confirm you are a human (and not a bot).</p>",
        {"title": "Access to this page has been denied", "status": 403},
        Failure.CAPTCHA,
    ),
    "german": (
        "<h1>Einen Moment</h1><p>Bitte bestätigen Sie, dass Sie kein Roboter sind.</p><div class='h-captcha'></div>",
        {"title": "Sicherheitsprüfung"},
        Failure.CAPTCHA,
    ),
    "unusual traffic": (
        "<p>Our systems have detected unusual traffic from your computer network.</p><form id='captcha-form'></form>",
        {"title": "Sorry", "status": 429},
        Failure.CAPTCHA,
    ),
    "script challenge": (
        "<h1>Checking your browser</h1><script src='/cdn-cgi/challenge-platform/x.js'></script>",
        {"title": "Just a moment...", "status": 503},
        Failure.BLOCKED,
    ),
    "denied at 200": (
        "<h1>Access Denied</h1><p>You don't have permission to access this server. Reference #18.abc</p>",
        {"title": "Access Denied"},
        Failure.BLOCKED,
    ),
    "soft 404": (
        "<h1>Page not found</h1><p>The page you were looking for has moved.</p><a href='/'>Home</a>",
        {"title": "404 Not Found"},
        Failure.NOT_FOUND,
    ),
    "error at 200": ("<h1>502 Bad Gateway</h1><hr>nginx", {"title": "502 Bad Gateway"}, Failure.SERVER),
    "consent": (
        "<div><h1>We value your privacy</h1><p>We and our 842 partners store and access personal data.</p>"
        "<p>To continue, accept cookies.</p><button>Accept all</button><button>Reject all</button></div>",
        {"title": "Shop"},
        Failure.BLOCKED,
    ),
    "consent elsewhere": (
        "<h1>Before you continue</h1><p>Some words.</p><button>I agree</button>",
        {"final": "https://consent.shop.test/collect?next=kettle"},
        Failure.BLOCKED,
    ),
    "nothing": ("<div> </div>", {"title": ""}, Failure.EMPTY),
}

ORDINARY = {
    "contact form with captcha": (
        "<main><h1>Registration</h1><p>Registration is closed.</p><form><input name='email' type='email'>"
        "<div class='g-recaptcha'></div><p>Please verify you are human.</p><button>Send</button></form></main>"
        "<script src='https://www.google.com/recaptcha/api.js'></script>"
    ),
    "invisible captcha": (
        "<main><h1>Kettle</h1><p>$79.90</p></main><script src='https://www.google.com/recaptcha/api.js'></script>"
        "<footer>This site is protected by reCAPTCHA and the Google Privacy Policy and Terms of Service apply.</footer>"
    ),
    "article about captchas": "<h1>Why sites ask: are you a robot?</h1><p>A captcha asks you to verify you are human.</p>",
    "cookie banner": (
        "<div class='cookie-banner'><h2>We value your privacy</h2><p>We use cookies.</p><button>Accept</button></div>"
        "<main><h1>Kettle</h1><p>$79.90</p></main>"
    ),
    "cookie banner without main": (
        "<div><p>We use cookies. <button>Accept</button></p></div><div><h2>Your privacy kettle</h2><b>$79.90</b></div>"
    ),
    "cookie shop": "<h1>Cookies</h1><ul><li>Oat cookie $2</li><li>Box of 12: $20</li></ul><a href='#'>Continue</a>",
    "sold out": "<h1>Kettle</h1><p>Not found in any shop near you. Temporarily unavailable.</p>",
    "room 404": "<h1>Room 404: free</h1><p>Open</p>",
    "access page": "<h1>Access to the trail is closed</h1><p>Forbidden to dogs.</p>",
    "one word": "open",
    "a status": "<h1>Service status</h1><p>503 Service Unavailable was seen at 10:00; all is well now.</p>",
}


@pytest.mark.parametrize("name", WALLS)
def test_obstacle_when_wall_then_named(name: str):
    body, options, failure = WALLS[name]
    assert judge(body, **options) is failure


@pytest.mark.parametrize("name", ORDINARY)
def test_obstacle_when_ordinary_page_then_none(name: str):
    assert judge(ORDINARY[name]) is None


@pytest.mark.parametrize("wall", ["turnstile", "consent", "denied at 200", "soft 404"])
def test_obstacle_when_wall_words_stand_in_a_long_page_then_none(wall: str):
    body, options, _ = WALLS[wall]
    assert judge(body + "<p>The kettle is made of copper and pours well. </p>" * 100, title=options["title"]) is None


def test_obstacle_when_structured_data_says_what_it_is_then_none():
    product = '<script type="application/ld+json">{"@type": "Product", "name": "Kettle"}</script>'
    body, _, _ = WALLS["consent"]
    assert judge(body, head=product) is None


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (401, Failure.BLOCKED),
        (403, Failure.BLOCKED),
        (404, Failure.NOT_FOUND),
        (410, Failure.NOT_FOUND),
        (418, Failure.CLIENT_ERROR),
        (429, Failure.BLOCKED),
        (451, Failure.BLOCKED),
        (500, Failure.SERVER),
        (503, Failure.SERVER),
        (204, Failure.EMPTY),
        (206, None),
    ],
)
def test_obstacle_when_status_says_so_then_failure(status: int, failure: Failure | None):
    assert judge("<h1>Kettle</h1><p>$79.90</p>", status=status) is failure


def test_obstacle_when_firewall_header_says_so_then_wall_that_a_browser_may_pass():
    found = obstacle_in(Answer(URL, URL, 202, {"x-amzn-waf-action": "challenge"}, "", None))
    assert found
    assert (found.failure, found.script_may_pass) == (Failure.BLOCKED, True)
    assert judge("<p>x</p>", status=405, x_amzn_waf_action="captcha") is Failure.CAPTCHA


@pytest.mark.parametrize("text", ["", "  \n"])
def test_obstacle_when_body_is_blank_then_empty(text: str):
    found = obstacle_in(Answer(URL, URL, 200, {}, text, None))
    assert found
    assert found.failure is Failure.EMPTY
    assert found.detail == "The page is empty. Nothing was read; the last value stays."


def test_obstacle_when_json_is_an_empty_list_then_it_is_the_answer():
    assert obstacle_in(Answer(URL, URL, 200, {}, "[]", None)) is None
