from typing import Any

import pytest
from aiohttp import web

from monitors_contracts.pages import Failure
from monitors_scraper.domain.pages import FetchedPage, FetchFailed, FetchRequest, Obstructed
from monitors_scraper.pdf import pdf_text


def make_pdf(*pages: str) -> bytes:
    """A small PDF with one line of text a page."""
    kids = " ".join(f"{3 + 2 * n} 0 R" for n in range(len(pages)))
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>"]
    for n, text in enumerate(pages):
        font = "<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R /Resources {font} /Contents {4 + 2 * n} 0 R >>")
        stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    out, places = "%PDF-1.4\n", list[int]()
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{each}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    return (
        f"{out}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        f"trailer << /Root 1 0 R /Size {len(objects) + 1} >>\nstartxref\n{len(out)}\n%%EOF"
    ).encode()


async def test_pdf_when_it_has_text_then_the_first_pages():
    text = await pdf_text(make_pdf("Price 79.90", "Page two", "Page three"), max_pages=2, patience=20)
    assert "Price 79.90" in text
    assert "Page two" in text
    assert "three" not in text


@pytest.mark.parametrize(
    ("body", "patience", "failure"),
    [
        (b"%PDF-1.7 nothing more", 20, Failure.UNSUPPORTED),
        (make_pdf(""), 20, Failure.EMPTY),
        (make_pdf("slow"), 0.001, Failure.TIMEOUT),
    ],
)
async def test_pdf_when_it_cannot_be_read_then_says_why(body: bytes, patience: float, failure: Failure):
    with pytest.raises(Obstructed) as stopped:
        await pdf_text(body, max_pages=5, patience=patience)
    assert stopped.value.obstacle.failure is failure


async def test_fetch_when_address_is_a_pdf_then_its_text(serve: Any, fetcher: Any):
    async def answer(request: web.Request) -> web.Response:
        body = make_pdf("Fee 12 EUR") if request.path == "/fee" else b"%PDF-"
        return web.Response(body=body, content_type="application/pdf")

    site, one = await serve(answer), await fetcher()
    got = await one.fetch(FetchRequest((site.url("/fee"),)))
    assert isinstance(got, FetchedPage)
    assert (got.content_type, (got.content or "").strip()) == ("application/pdf", "Fee 12 EUR")
    assert isinstance(await one.fetch(FetchRequest((site.url("/bad"),))), FetchFailed)
