"""No input makes extraction raise, and the same input always gives the same answer."""

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from monitors_contracts.monitors import Condition, ExtractionPlan, Interpretation, Operator
from monitors_evaluator.domain.extraction import Page, derive_plan, run_plan

QUESTIONS = (
    Interpretation(
        kind="state", fact="price", subject="lamp", fact_type="number", name="n", confidence=1,
        condition=Condition(op=Operator.LE, value=50.0, unit="USD"),
    ),
    Interpretation(
        kind="state", fact="registration status", fact_type="string", name="n", confidence=1,
        condition=Condition(op=Operator.EQ, value="open"),
    ),
    Interpretation(
        kind="state", fact="text", fact_type="string", name="n", confidence=1,
        condition=Condition(op=Operator.CONTAINS, value="lamp"),
    ),
    Interpretation(kind="change", fact="new post", fact_type="string", name="n", confidence=1),
    Interpretation(kind="change", fact="next appointment date", fact_type="string", name="n", confidence=1),
    Interpretation(kind="change", fact="page text", fact_type="string", name="n", confidence=1),
    Interpretation(kind="change", fact="availability", subject="lamp", fact_type="string", name="n", confidence=1),
)  # fmt: skip
TYPES = ("text/html", "application/json", "application/rss+xml", "text/csv", "text/plain", "", "image/png; x")
PIECES = (
    "<table>", "<tr>", "<td>", "</td>", "<th rowspan=99 colspan=77>", "</table>", "<h1>", "</h1>", "<p class='price'>", "<b>",
    "<li>", "<dl><dt>", "<dd>", "$45.00", "lamp", "Registration", ": open", "closed", "1,2,3.4.5", "31 February 2027", "{", "}",
    '"price"', "[", "]", ":", ",", "null", "1e999", "-", "<?xml version='1.0'?>", "<rss>", "<item>", "<title>", "</", "&#0;",
    "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>", "&a;", "\x00", "\ud83d\ude00", "  ", "\n", "\t|\t", "# ",
    "<script>", "<script type='application/ld+json'>", "</script>", "in stock", "<s>", "<select>", "٣٤", "²", "9" * 400,
)  # fmt: skip
contents = st.one_of(st.text(max_size=300), st.lists(st.sampled_from(PIECES), max_size=40).map("".join))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(contents, st.sampled_from(TYPES), st.sampled_from(QUESTIONS))
@example("<div>" * 3000 + "lamp $4", "text/html", QUESTIONS[0])
@example("[" * 3000, "application/json", QUESTIONS[0])
@example("<a>" * 3000, "application/xml", QUESTIONS[3])
def test_any_content_when_read_then_nothing_is_raised_and_answers_repeat(
    content: str, content_type: str, question: Interpretation
) -> None:
    plan = derive_plan(Page(content, content_type), question)
    assert plan == derive_plan(Page(content, content_type), question)
    if plan is not None:
        read = run_plan(plan, Page(content, content_type), question)
        assert read is not None
        assert read.value is not None
        assert 0 <= read.confidence <= 1
        assert ExtractionPlan.model_validate_json(plan.model_dump_json()) == plan


@settings(max_examples=50, deadline=None)
@given(
    contents,
    st.sampled_from(
        ("table_cell", "text", "json_path", "embedded_json", "product", "newest", "contains", "section", "other")
    ),
    st.dictionaries(
        st.sampled_from(
            ("path", "row", "column", "label", "heading", "shape", "score", "sure", "document", "list", "title")
        ),
        st.one_of(st.none(), st.integers(), st.text(max_size=10), st.lists(st.integers(), max_size=2)),
    ),
    st.sampled_from(QUESTIONS),
)
def test_any_plan_when_run_then_nothing_is_raised(
    content: str, method: str, locator: dict[str, object], question: Interpretation
) -> None:
    plan = ExtractionPlan.model_validate({"method": method, "locator": locator})
    for content_type in TYPES[:2]:
        run_plan(plan, Page(content, content_type), question)


def test_xml_when_it_names_a_file_then_the_file_is_not_read() -> None:
    feed = "<?xml version='1.0'?><!DOCTYPE r [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><rss><channel><item><title>x&a;</title></item></channel></rss>"
    page = Page(feed, "application/rss+xml")
    assert "root:" not in str(page.data)
