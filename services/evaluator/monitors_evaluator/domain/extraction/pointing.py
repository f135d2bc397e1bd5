"""From a place somebody points at to the plan that reads it: by the page's own words where the monitor's do not fit."""

from collections.abc import Iterator
from dataclasses import dataclass

from monitors_contracts.monitors import ExtractionPlan, Interpretation

from .lists import listings
from .page import Page
from .places import Place
from .plans import Extraction, plan_of, run_plan
from .question import Asked, question_of
from .readings import read_all
from .words import normalise

POINTED_BY = "person"
_FACT, _SUBJECT = "pointed_fact", "pointed_subject"
_SURE = 0.95
_WORDS = 120


@dataclass(frozen=True, slots=True)
class Target:
    """A plan, and what it reads on the page it was made from."""

    plan: ExtractionPlan
    extraction: Extraction


def pointed(plan: ExtractionPlan, fact: str, subject: str) -> ExtractionPlan:
    """The plan, to be run with the page's own words for the fact and whose it is."""
    return plan.model_copy(update={"locator": {**plan.locator, _FACT: fact, _SUBJECT: subject}})


def as_pointed(plan: ExtractionPlan, interpretation: Interpretation) -> Interpretation:
    """What a plan is to be run with: the page's own words, where somebody pointed at them, else the person's."""
    fact, subject = plan.locator.get(_FACT), plan.locator.get(_SUBJECT)
    if not isinstance(fact, str) or not isinstance(subject, str):
        return interpretation
    return interpretation.model_copy(update={"fact": fact, "subject": subject})


def plan_for(page: Page, interpretation: Interpretation, place: Place) -> Target | None:
    """How to read the fact at this place, on this page and later ones; None when it can't be read there.

    Verified as every plan is: run on the same page it reads the same value off the same words.
    """
    asked = question_of(interpretation).asked
    for fact, subject in dict.fromkeys(_words(interpretation, place)):
        meant = interpretation.model_copy(update={"fact": fact, "subject": subject})
        if question_of(meant).asked is not asked:
            continue
        for plan in _plans(page, meant, place):
            named = (fact, subject) != (interpretation.fact, interpretation.subject)
            found = pointed(plan, fact, subject) if named else plan
            read = run_plan(found, page, meant)
            if read is not None and _is_there(read, place, asked):
                return Target(found, read)
    return None


def _words(interpretation: Interpretation, place: Place) -> Iterator[tuple[str, str]]:
    """Fact and subject in the person's words, then in the page's."""
    yield interpretation.fact, interpretation.subject
    for source in place.observations:
        names = [name[:_WORDS] for name in (*source.names, *source.context)]
        facts = [*names[:1], interpretation.fact]
        subjects = [*names[1:2], "", interpretation.subject]
        yield from ((fact, subject) for fact in facts for subject in subjects)


def _plans(page: Page, meant: Interpretation, place: Place) -> Iterator[ExtractionPlan]:
    """The plans that may read this place, the best first."""
    question = question_of(meant)
    if question.asked is Asked.SECTION:
        headings = place.observations[0].context if place.observations else ()
        title = normalise(page.outline.title)
        for heading in (*headings[:-1], place.text, ""):
            yield _plan("section", heading=normalise(heading), title=title)
        return
    for reading in read_all(question, place.observations)[:4]:
        plan = plan_of(reading, place.method, margin=1.0)
        yield plan.model_copy(update={"provider": POINTED_BY, "locator": {**plan.locator, "sure": _SURE}})
    if question.asked is Asked.NEWEST and page.data is None:
        for listing in listings(page.outline, question):
            if any(title in place.text for title in listing.titles):
                yield _plan("newest", list=listing.shape, heading=listing.heading)


def _plan(method: str, **locator: str) -> ExtractionPlan:
    return ExtractionPlan(method=method, locator=dict(locator), provider=POINTED_BY)


def _is_there(read: Extraction, place: Place, asked: Asked) -> bool:
    """Does the reading stand at the place? A section or a list stands around it."""
    return asked in (Asked.SECTION, Asked.NEWEST) or place.says(normalise(read.evidence.quote))
