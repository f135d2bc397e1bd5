"""A kept page as a person is shown it: the fact marked where it was read, everything readable a place to point at."""

import html
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.monitors import Condition, Evidence, Interpretation, Operator
from monitors_evaluator.domain.extraction import Page, derive_plan, run_plan
from monitors_evaluator.domain.extraction.places import place_at, place_of, place_saying, places
from monitors_evaluator.domain.extraction.pointing import as_pointed, plan_for
from monitors_evaluator.domain.showing import compare, render

SHOP = """<html><head><title>Kettles</title><style>p{color:red}</style></head><body><nav><a href=/x>Home</a></nav><main>
<h1>Copper kettle</h1><p class=price>Was <s>$60</s> now <b>$48.50</b></p><p hidden>$1 secret</p><script>alert(1)</script>
<div style="display: none">$2 secret</div><mark id=fact>ours?</mark>
<table><tr><th>Shop</th><th>Cost</th></tr><tr><td>North</td><td>$51</td></tr><tr><td>South</td><td>$52</td></tr></table>
<p>Delivery: $52 in May</p></main></body></html>"""


def asked(fact: str = "price", subject: str = "copper kettle", **more: Any) -> Interpretation:
    given: dict[str, Any] = {
        "kind": "state",
        "fact_type": "number",
        "condition": Condition(op=Operator.LE, value=50.0, unit="USD"),
    }
    return Interpretation(fact=fact, subject=subject, name="n", confidence=1, **(given | more))


def marked(shown: str) -> list[str]:
    return [html.unescape(re.sub(r"<[^>]+>", "", each)) for each in re.findall(r"<mark[^>]*>(.*?)</mark>", shown)]


def test_render_when_there_is_evidence_then_its_words_are_marked_and_nothing_else() -> None:
    shown = render(Page(SHOP, "text/html"), Evidence(quote="Was now $48.50", method="text"))
    assert (shown.is_marked, shown.is_truncated, shown.title) == (True, False, "Kettles")
    assert marked(shown.html) == ["Was", "now", "$48.50"]
    assert shown.html.count('id="fact"') == 1
    for gone in ("<script", "<style", "secret", "href", "alert"):
        assert gone not in shown.html
    assert "ours?" in shown.html


def test_render_when_the_quote_stands_twice_then_the_place_that_was_read_is_marked() -> None:
    page = Page(SHOP, "text/html")
    evidence = Evidence(quote="$52", method="table_cell", locator="row “south”, column “cost”")
    assert '<td>South</td><td><mark id="fact">$52</mark></td>' in render(page, evidence).html
    elsewhere = Evidence(quote="$52 in May", method="text")
    assert 'Delivery: <mark id="fact">$52 in May</mark>' in render(Page(SHOP, "text/html"), elsewhere).html


def test_render_when_a_selector_says_where_then_that_one_of_the_same_words_is_marked() -> None:
    content = "<html><body><h1>Kettle</h1><p class=old>$48</p><p class=now>$48</p></body></html>"
    shown = render(Page(content, "text/html"), Evidence(quote="$48", method="microdata", locator="p.now"))
    assert '<p class="now"><mark id="fact">$48</mark></p>' in shown.html
    assert len(marked(shown.html)) == 1


def test_render_when_the_evidence_is_not_shown_on_the_page_then_nothing_is_marked() -> None:
    shown = render(Page(SHOP, "text/html"), Evidence(quote='"price": "48.50"', method="json_ld", locator="offers"))
    assert (shown.is_marked, marked(shown.html)) == (False, [])


@pytest.mark.parametrize(
    ("content", "kind", "evidence", "wanted"),
    [
        (
            '{"items": [{"name": "a<b", "price": 5}, {"name": "y", "price": 7.25}], "none": null, "on": true}',
            "application/json",
            Evidence(quote="7.25", method="json_path", locator='"items"[?"name" == `"y"`] | [0]."price"'),
            "7.25",
        ),
        ("name,price\nkettle,5\nlamp,7\n", "text/csv", Evidence(quote="7", method="json_path"), "7"),
        ("Title\n\nThe price is 48 USD today.\n", "text/plain", Evidence(quote="48 USD", method="text"), "48 USD"),
        ("shop    price\nnorth   51\nsouth   52\n", "text/plain", Evidence(quote="52", method="table_cell"), "52"),
        ("<rss><channel><item><title>New &amp; old</title></item></channel></rss>", "text/xml",
         Evidence(quote="New & old", method="newest"), "New & old"),
    ],
)  # fmt: skip
def test_render_when_the_page_is_no_html_then_it_is_written_out_with_its_mark(
    content: str, kind: str, evidence: Evidence, wanted: str
) -> None:
    shown = render(Page(content, kind), evidence)
    assert shown.is_marked
    assert marked(shown.html) == [wanted]
    assert "a<b" not in shown.html


def test_render_when_places_are_wanted_then_each_link_leads_to_what_it_says() -> None:
    page = Page(SHOP, "text/html")
    texts = {place.address: place.text for place in places(page)}
    shown = render(Page(SHOP, "text/html"), with_places=True)
    links = re.findall(r'<a href="place:([^"]+)">(.*?)</a>', shown.html)
    assert {address for address, _ in links} == set(texts)
    for address, text in links:
        assert html.unescape(text).strip() in texts[address]


@given(st.text(max_size=200), st.sampled_from(["text/html", "application/json", "text/csv", "text/plain", "text/xml"]))
def test_render_whatever_the_page_then_its_own_text_makes_no_marks_and_no_links(text: str, kind: str) -> None:
    page = Page(f"<p>{text}</p>" if kind == "text/html" else text, kind)
    shown = render(page, Evidence(quote=text[:10], method="text"))
    assert shown.html.count("<mark") <= len(text) + 1
    assert "href=" not in re.sub(r">[^<]*<", "><", shown.html)


def test_render_when_a_place_is_to_be_marked_then_all_of_it_is() -> None:
    shown = render(Page(SHOP, "text/html"), with_places=True, place="c0.2.1")
    assert shown.is_marked
    assert '<a href="place:c0.2.1"><mark id="fact">$52</mark></a>' in shown.html
    assert not render(Page(SHOP, "text/html"), place="b99").is_marked


def test_render_when_a_page_goes_on_for_ever_then_it_is_cut_and_says_so() -> None:
    shown = render(Page("<p>word</p>" * 200_000, "text/html"))
    assert shown.is_truncated
    assert len(shown.html) <= 1_500_000


# -- pointing ---------------------------------------------------------------------------------------------------------


def test_places_when_evidence_came_from_a_plan_then_its_place_says_it() -> None:
    page = Page(SHOP, "text/html")
    question = asked(subject="South", fact="cost")
    plan = derive_plan(page, question)
    assert plan is not None
    read = run_plan(plan, page, question)
    assert read is not None
    found = place_of(page, read.evidence)
    assert found is not None
    assert (found.address, place_at(page, found.address)) == ("c0.2.1", found)


def test_point_when_a_cell_is_pointed_at_then_its_plan_follows_the_row_when_rows_move() -> None:
    page, question = Page(SHOP, "text/html"), asked()
    place = place_saying(page, "$52")
    assert place is not None
    assert place.address == "c0.2.1"
    target = plan_for(page, question, place)
    assert target is not None
    moved = SHOP.replace(
        "<tr><td>North</td><td>$51</td></tr><tr><td>South</td><td>$52</td></tr>",
        "<tr><td>South</td><td>$39</td></tr><tr><td>North</td><td>$51</td></tr>",
    )
    read = run_plan(target.plan, Page(moved, "text/html"), as_pointed(target.plan, question))
    assert read is not None
    assert (read.value, read.unit) == (39, "USD")


@pytest.mark.parametrize(
    ("text", "value"), [("now $48.50", 48.5), ("Delivery: $52 in May", 52), ("$51", 51), ("Copper kettle", None)]
)
def test_point_when_any_place_is_pointed_at_then_it_is_read_there_or_not_at_all(text: str, value: float | None) -> None:
    page = Page(SHOP, "text/html")
    place = place_saying(page, text)
    assert place is not None
    target = plan_for(page, asked(), place)
    assert (target.extraction.value if target else None) == value
    if target:
        assert place.says(target.extraction.evidence.quote.casefold())


def test_point_when_json_is_pointed_at_then_its_path_is_the_plan() -> None:
    page = Page('{"rooms": [{"name": "east", "free": 3}, {"name": "west", "free": 8}]}', "application/json")
    question = asked("free places", "east", condition=Condition(op=Operator.GE, value=5.0))
    place = place_saying(page, "8")
    assert place is not None
    target = plan_for(page, question, place)
    assert target is not None
    changed = Page('{"rooms": [{"name": "west", "free": 9}, {"name": "east", "free": 1}]}', "application/json")
    read = run_plan(target.plan, changed, as_pointed(target.plan, question))
    assert read is not None
    assert (target.extraction.value, read.value) == (8, 9)


# -- comparing --------------------------------------------------------------------------------------------------------


def test_compare_when_pages_are_the_same_to_a_reader_then_there_is_nothing_to_tell() -> None:
    same = SHOP.replace("alert(1)", "alert(2)").replace("color:red", "color:blue").replace("$1 secret", "$9")
    assert compare(Page(SHOP, "text/html"), Page(same, "text/html")).hunks == []


def test_compare_when_lines_differ_then_they_come_with_what_stands_around() -> None:
    found = compare(Page(SHOP, "text/html"), Page(SHOP.replace("$51", "$49"), "text/html"))
    [hunk] = found.hunks
    assert [line for line in hunk if line[0] != "equal"] == [("removed", "North | $51"), ("added", "North | $49")]
    assert ("equal", "South | $52") in hunk
    assert (found.added, found.removed) == (1, 1)


def test_compare_when_everything_differs_then_it_is_bounded_and_says_so() -> None:
    old = Page("\n\n".join(f"Line {n} as it was." for n in range(3000)), "text/plain")
    new = Page("\n\n".join(f"Line {n} as it is." for n in range(3000)), "text/plain")
    found = compare(old, new)
    assert found.is_truncated
    assert sum(map(len, found.hunks)) <= 600
    assert (found.added, found.removed) == (3000, 3000)
