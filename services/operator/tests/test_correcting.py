"""Options that correct what a sentence was understood to mean."""

from typing import Any

import pytest

from monitors_operator.correcting import Correction
from monitors_operator.errors import BadInput

UNDERSTOOD: dict[str, Any] = {
    "type": "state",
    "extractedFact": "price",
    "subject": "kettle",
    "factType": "number",
    "condition": {"op": "le", "value": 50.0, "unit": "USD", "strict": True},
    "change": None,
    "url": "https://shop.example/kettle",
    "suggestedName": "Kettle price below 50 USD",
}


def differences(**options: Any) -> dict[str, Any]:
    said = Correction(**options).applied_to(UNDERSTOOD)
    return {name: value for name, value in said.items() if value != UNDERSTOOD[name] and name != "suggestedName"}


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        ({"fact": "stock"}, {"extractedFact": "stock"}),
        ({"subject": ""}, {"subject": ""}),
        ({"page": "https://b.example"}, {"url": "https://b.example"}),
        ({"below": 40.0}, {"condition": {"op": "le", "value": 40.0, "unit": "USD", "strict": True}}),
        ({"at_most": 0.0}, {"condition": {"op": "le", "value": 0.0, "unit": "USD", "strict": False}}),
        ({"above": 5.0}, {"condition": {"op": "ge", "value": 5.0, "unit": "USD", "strict": True}}),
        ({"at_least": 5.0}, {"condition": {"op": "ge", "value": 5.0, "unit": "USD", "strict": False}}),
        ({"equals": "1e2"}, {"condition": {"op": "eq", "value": 100.0, "unit": "USD", "strict": False}}),
        ({"unit": "EUR"}, {"condition": {"op": "le", "value": 50.0, "unit": "EUR", "strict": True}}),
        ({"changes": "decrease"}, {"type": "change", "condition": None, "change": {"direction": "decrease"}}),
    ],
)
def test_an_option_changes_just_what_it_names(options: dict[str, Any], changed: dict[str, Any]) -> None:
    assert differences(**options) == changed


@pytest.mark.parametrize(
    ("options", "value", "kind"),
    [
        ({"equals": "Yes"}, True, "boolean"),
        ({"equals": "sold out"}, "sold out", "string"),
        ({"contains": "5"}, "5", "string"),
    ],
)
def test_a_value_says_which_type_the_fact_has(options: dict[str, Any], value: Any, kind: str) -> None:
    said = Correction(**options).applied_to(UNDERSTOOD)
    assert (said["condition"]["value"], said["factType"]) == (value, kind)


def test_a_change_becomes_a_state_by_its_condition() -> None:
    change = UNDERSTOOD | {"type": "change", "condition": None, "change": {"direction": "any"}}
    said = Correction(below=5.0, unit="EUR").applied_to(change)
    assert (said["type"], said["change"]) == ("state", None)
    assert said["condition"] == {"op": "le", "value": 5.0, "strict": True, "unit": "EUR"}


def test_options_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(BadInput, match="--at-most and --contains"):
        Correction(at_most=5.0, contains="x")
    with pytest.raises(BadInput, match="sideways"):
        Correction(changes="sideways")
    assert not Correction().says_something
    assert Correction(below=0.0).says_something
