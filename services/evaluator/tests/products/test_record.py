"""The record that the extract command prints."""

from monitors_evaluator.domain.products import product_record, read_product

PAGE = """<html><head><title>Copper kettle</title></head><body><h1>Copper kettle</h1><p>SKU: K-15</p>
<div class="price">1.299,00 €</div><button>In den Warenkorb</button></body></html>"""


def test_a_record_holds_plain_values_and_their_evidence() -> None:
    record = product_record("page-1", read_product(PAGE))
    evidence = record.pop("evidence")
    assert record == {"id": "page-1", "price": "1299", "currency": "EUR", "availability": "InStock", "sku": "K-15"}
    assert evidence["price"]["quote"] == "1.299,00 €"
    assert set(evidence) == {"price", "currency", "availability", "sku"}
    assert 0 < evidence["price"]["confidence"] <= 1


def test_a_record_of_nothing_is_all_null() -> None:
    record = product_record("page-2", read_product(""))
    assert record == {
        "id": "page-2",
        "price": None,
        "currency": None,
        "availability": None,
        "sku": None,
        "evidence": {},
    }
