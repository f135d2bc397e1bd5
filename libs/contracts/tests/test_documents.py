"""The committed documents say what the models say."""

from pathlib import Path

import pytest

from monitors_contracts import documents
from monitors_contracts.catalogue import EVENTS, REQUESTS
from monitors_contracts.documents import API_DOCUMENTS, main
from monitors_contracts.messages_page import page
from monitors_contracts.released import SCHEMAS


def test_the_committed_documents_are_those_of_the_models(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().err


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty checkout to write into."""
    for name, path in (("ROOT", tmp_path), ("API_DOCUMENTS", tmp_path / "api"), ("SCHEMAS", tmp_path / "schemas")):
        monkeypatch.setattr(documents, name, path)
    monkeypatch.setattr(documents, "RELEASED", tmp_path / "schemas" / "released")
    assert main(["--write"]) == 0
    assert main(["--check"]) == 0
    return tmp_path


@pytest.mark.parametrize(
    "file",
    [
        "api/messages.md",
        "api/asyncapi.json",
        "schemas/monitors.alert.triggered.v1.json",
        "schemas/requests/GetAlert.json",
    ],
)
@pytest.mark.parametrize("harm", ["changed", "missing"])
def test_a_file_that_differs_is_named_and_mended(
    elsewhere: Path, file: str, harm: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = elsewhere / file
    path.write_text("{}") if harm == "changed" else path.unlink()
    capsys.readouterr()
    assert main(["--check"]) == 1
    assert capsys.readouterr().err.splitlines()[0] == f"{file} differs from the models"
    main(["--write"])
    assert main(["--check"]) == 0


def test_a_schema_without_a_message_is_named_and_removed(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stray, kept = elsewhere / "schemas" / "monitors.gone.v1.json", elsewhere / "schemas" / "released" / "old.json"
    kept.parent.mkdir()
    stray.write_text("{}")
    kept.write_text("{}")
    assert main(["--check"]) == 1
    assert "monitors.gone.v1.json" in capsys.readouterr().err
    main(["--write"])
    assert (stray.exists(), kept.exists()) == (False, True)


def test_the_page_tells_of_every_message_and_all_its_links_lead_somewhere() -> None:
    import re

    text = page()
    headings = {line.removeprefix("### ").lower() for line in text.splitlines() if line.startswith("### ")}
    assert {kind.__name__.lower() for kind in (*EVENTS, *REQUESTS)} <= headings
    links: list[str] = re.findall(r"\]\(#([^)]+)\)", text)
    assert links
    assert set(links) <= headings
    for target in re.findall(r"\]\((?!#|https?:)([^)]+)\)", text):
        assert (API_DOCUMENTS / target).exists(), target


def test_schemas_lie_where_the_check_looks() -> None:
    assert len(list(SCHEMAS.glob("*.json"))) == len(EVENTS)
    assert len(list((SCHEMAS / "requests").glob("*.json"))) == len(REQUESTS)
