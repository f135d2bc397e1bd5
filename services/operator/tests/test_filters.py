"""`monitors interpret` and `monitors extract`: JSON lines in, JSON lines out."""

import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SHOP = """<html><body><h1>Tin lantern</h1><p><s>$40.00</s> <b>$31.50</b></p><button>Add to cart</button>
<h2>Opening hours</h2><p>The workshop is closed on Mondays.</p></body></html>"""


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def _given(*records: object) -> bytes:
    return b"\n".join(json.dumps(record).encode() for record in records)


# -- interpret -------------------------------------------------------------------------------------------------------


def test_interpret_answers_each_line_in_order(monitors: Callable[..., Any]) -> None:
    ran = monitors(
        "interpret",
        given=_given(
            {"id": "a", "prompt": "tell me when the lantern at https://shop.example/l drops below $30"},
            {"id": "b", "text": "let me know when the water level changes"},
        ),
    )

    first, second = _lines(ran.out)
    assert ran.code == 0
    assert (first["id"], first["op"], first["value"]) == ("a", "le", 30)
    assert first["kind"] != "change"
    assert (first["unit"], first["url"]) == ("USD", "https://shop.example/l")
    assert (second["id"], second["kind"], second["op"]) == ("b", "change", None)
    assert {"fact", "factType", "name", "confidence"} <= set(first)


def test_interpret_of_a_bad_line_says_so_and_answers_the_rest(monitors: Callable[..., Any]) -> None:
    good = json.dumps({"id": "good", "prompt": "tell me when the price of salt rises above 3 euros"})
    ran = monitors("interpret", given=f'nonsense\n\n{{"id": "none"}}\n["x"]\n{good}\n'.encode())

    answers = _lines(ran.out)
    assert ran.code == 2
    assert [answer["id"] for answer in answers] == ["1", "none", "4", "good"]
    assert all("error" in answer for answer in answers[:3])
    assert answers[3]["value"] == 3
    assert ran.err == ""


def test_interpret_of_files_reads_them(monitors: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "prompts.jsonl"
    file.write_text('{"id": "f", "prompt": "tell me when it is sunny in Oslo"}')

    assert _lines(monitors("interpret", str(file)).out)[0]["id"] == "f"


def test_interpret_of_a_missing_file_is_bad_input(monitors: Callable[..., Any]) -> None:
    ran = monitors("interpret", "/nowhere/prompts.jsonl")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "monitors: can't read /nowhere/prompts.jsonl: No such file or directory\n"


def test_interpret_of_hundreds_of_prompts_takes_no_time_to_speak_of(monitors: Callable[..., Any]) -> None:
    begun = time.process_time()
    ran = monitors(
        "interpret",
        given=_given(*({"id": str(n), "prompt": f"tell me when tea costs less than ${n}"} for n in range(300))),
    )

    assert len(ran.out.splitlines()) == 300
    assert time.process_time() - begun < 3


# -- extract ---------------------------------------------------------------------------------------------------------


def test_extract_reads_product_facts_with_evidence(monitors: Callable[..., Any], tmp_path: Path) -> None:
    page = tmp_path / "lantern.html.gz"
    page.write_bytes(gzip.compress(SHOP.encode()))

    ran = monitors("extract", given=_given({"id": "1", "file": str(page), "facts": ["price", "availability"]}))

    [found] = _lines(ran.out)
    assert ran.code == 0
    assert (found["price"], found["currency"], found["availability"]) == ("31.5", "$", "InStock")
    assert "31.50" in found["evidence"]["price"]["quote"]
    assert "sku" not in found


def test_extract_without_facts_reads_all_of_a_product(monitors: Callable[..., Any], tmp_path: Path) -> None:
    page = tmp_path / "lantern.html"
    page.write_text(SHOP)

    [found] = _lines(monitors("extract", given=_given({"id": "1", "file": str(page)})).out)

    assert {"price", "currency", "availability", "sku"} <= set(found)


def test_extract_of_any_other_fact_looks_for_it_by_name(monitors: Callable[..., Any], tmp_path: Path) -> None:
    page = tmp_path / "tide.html"
    page.write_text("<h1>Harbour</h1><table><tr><th>Water level</th><td>3.4 m</td></tr></table>")

    [found] = _lines(
        monitors("extract", given=_given({"id": "1", "file": str(page), "facts": ["water level", "moon phase"]})).out
    )

    assert found["water level"] in (3.4, "3.4 m")
    assert found["evidence"]["water level"]["quote"]
    assert found["moon phase"] is None
    assert "price" not in found


def test_extract_reads_the_character_set_that_the_page_declares(monitors: Callable[..., Any], tmp_path: Path) -> None:
    page = tmp_path / "old.html"
    page.write_bytes(
        '<meta charset="iso-8859-1"><h1>Café</h1><p>Price: £12.00</p><button>Buy</button>'.encode("latin-1")
    )

    [found] = _lines(monitors("extract", given=_given({"id": "1", "file": str(page), "facts": ["price"]})).out)

    assert (found["price"], found["currency"]) in (("12", "£"), ("12", "GBP"))


def test_extract_of_bad_lines_says_what_is_wrong_with_each(monitors: Callable[..., Any], tmp_path: Path) -> None:
    broken = tmp_path / "broken.html.gz"
    broken.write_bytes(b"no gzip")
    page = tmp_path / "fine.html"
    page.write_text(SHOP)

    ran = monitors(
        "extract",
        given=_given(
            {"id": "missing", "file": str(tmp_path / "missing.html")},
            {"id": "broken", "file": str(broken)},
            {"id": "none"},
            {"id": "facts", "file": str(page), "facts": "price"},
            {"id": "fine", "file": str(page), "facts": ["price"]},
        ),
    )

    answers = {answer["id"]: answer for answer in _lines(ran.out)}
    assert ran.code == 2
    assert "No such file" in answers["missing"]["error"]
    assert "gzip" in answers["broken"]["error"].lower()
    assert "path" in answers["none"]["error"]
    assert "list" in answers["facts"]["error"]
    assert answers["fine"]["price"] == "31.5"
