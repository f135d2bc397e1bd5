"""A plan finds the same thing again on a changed page, or says that it is gone."""

from monitors_contracts.monitors import Condition, Interpretation, Operator
from monitors_evaluator.domain.extraction import Page, derive_plan, run_plan

ROWS = {"Lake Loop": "Open", "Ridge Trail": "Closed", "Canyon": "Open"}


def status_of(subject: str) -> Interpretation:
    condition = Condition(op=Operator.EQ, value="open")
    return Interpretation(
        kind="state", fact="status", subject=subject, fact_type="string", condition=condition, name="n", confidence=1
    )


def price_of(subject: str) -> Interpretation:
    condition = Condition(op=Operator.LE, value=50.0, unit="USD")
    return Interpretation(
        kind="state", fact="price", subject=subject, fact_type="number", condition=condition, name="n", confidence=1
    )


def table(rows: dict[str, str], header: str = "<tr><th>Trail</th><th>Status</th></tr>") -> Page:
    cells = "".join(f"<tr><td>{name}</td><td>{status}</td></tr>" for name, status in rows.items())
    return Page(f"<html><title>Trails</title><h1>Trails</h1><table>{header}{cells}</table>", "text/html")


def test_plan_when_rows_move_then_the_named_row_is_read() -> None:
    plan = derive_plan(table(ROWS), status_of("Ridge Trail"))
    assert plan is not None
    read = run_plan(plan, table(dict(reversed(ROWS.items()))), status_of("Ridge Trail"))
    assert read is not None
    assert (read.value, read.evidence.quote) == ("closed", "Closed")


def test_plan_when_its_row_is_gone_then_no_other_row_is_read_by_it_or_by_a_new_plan() -> None:
    question = status_of("Ridge Trail")
    plan = derive_plan(table(ROWS), question)
    assert plan is not None
    without = table({name: status for name, status in ROWS.items() if name != "Ridge Trail"})
    assert run_plan(plan, without, question) is None
    assert derive_plan(without, question, plan) is None


def test_plan_when_the_column_is_renamed_then_a_new_plan_finds_it() -> None:
    question = status_of("Ridge Trail")
    plan = derive_plan(table(ROWS), question)
    renamed = table(ROWS, header="<tr><th>Trail</th><th>Condition</th></tr>")
    assert plan is not None
    assert run_plan(plan, renamed, question) is None
    anew = derive_plan(renamed, question, plan)
    assert anew is not None
    assert (read := run_plan(anew, renamed, question)) is not None
    assert read.value == "closed"


def test_price_when_two_unnamed_prices_are_alike_then_none_is_chosen() -> None:
    page = Page("<main><h1>Shop</h1><ul><li>Mug $9.00</li><li>Cup $7.00</li></ul></main>", "text/html")
    assert derive_plan(page, price_of("lamp")) is None


def test_price_when_an_ad_appears_above_then_the_product_price_is_still_read() -> None:
    body = "<main>{ad}<h1>Desk lamp</h1><p>Our price: ${price}</p><p>Shipping: $4.95</p></main>"
    question = price_of("desk lamp")
    plan = derive_plan(Page(body.format(ad="", price="79.00"), "text/html"), question)
    assert plan is not None
    after = Page(body.format(ad="<div class='promo'><p>Chairs now $12</p></div>", price="75.00"), "text/html")
    assert (read := run_plan(plan, after, question)) is not None
    assert (read.value, read.unit) == (75.0, "USD")


def test_wall_when_served_instead_of_the_page_then_nothing_is_read() -> None:
    contains = Interpretation(
        kind="state", fact="text", fact_type="string", name="n", confidence=1,
        condition=Condition(op=Operator.CONTAINS, value="sold out"),
    )  # fmt: skip
    plan = derive_plan(Page("<title>Shoe</title><main><h1>Shoe</h1><p>Sold out</p></main>", "text/html"), contains)
    assert plan is not None
    for wall in ("", " \n", "<title>Just a moment...</title><p>Verify you are human</p>", "<p>Accept all cookies</p>"):
        assert run_plan(plan, Page(wall, "text/html"), contains) is None


def test_json_when_the_list_is_reordered_then_the_item_is_found_by_name() -> None:
    question = price_of("lamp")
    before = '{"items": [{"name": "Lamp", "price": 60}, {"name": "Desk", "price": 300}]}'
    after = '{"items": [{"name": "Sofa", "price": 9}, {"name": "Desk", "price": 310}, {"name": "Lamp", "price": 45}]}'
    plan = derive_plan(Page(before, "application/json"), question)
    assert plan is not None
    assert (read := run_plan(plan, Page(after, "application/json"), question)) is not None
    assert read.value == 45.0


def test_section_when_only_counters_and_times_change_then_the_value_stays() -> None:
    question = Interpretation(kind="change", fact="terms", fact_type="string", name="n", confidence=1)
    body = (
        "<main><h1>Terms</h1><p>Last updated: {n} May</p><p>Keep it {days} days.</p><p>{n} people read this.</p></main>"
    )
    pages = [Page(body.format(n=n, days=days), "text/html") for n, days in ((1, 30), (2, 30), (2, 14))]
    plan = derive_plan(pages[0], question)
    assert plan is not None
    reads = [run_plan(plan, page, question) for page in pages]
    values = [read.value if read else None for read in reads]
    assert values[0] == values[1] != values[2]
