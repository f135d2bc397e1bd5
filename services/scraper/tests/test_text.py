import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitors_scraper.domain.text import decode, sniff, split_content_type

WORDS = "Größe: 12 € – naïve"


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        (WORDS.encode(), None),
        (WORDS.encode(), "utf-8"),
        (WORDS.encode(), "iso-8859-1"),  # said of every file by many a server
        (WORDS.encode("cp1252"), "iso-8859-1"),
        (WORDS.encode("cp1252"), "windows-1252"),
        (codecs.BOM_UTF8 + WORDS.encode(), "windows-1251"),
        (codecs.BOM_UTF16_LE + WORDS.encode("utf-16-le"), None),
        (codecs.BOM_UTF16_BE + WORDS.encode("utf-16-be"), "utf-8"),
        (WORDS.encode("utf-16-le"), "utf-16"),
    ],
)
def test_decode_when_declared_or_not_then_the_words(body: bytes, charset: str | None):
    assert decode(body, charset, "text/html") == WORDS


@pytest.mark.parametrize(
    ("declaration", "encoding", "words"),
    [
        ('<meta charset="windows-1251">', "cp1251", "Цена: 5"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">', "koi8-r", "Цена: 5"),
        ("<meta charset=shift_jis>", "cp932", "価格"),
        ('<?xml version="1.0" encoding="EUC-JP"?>', "euc_jp", "価格"),
        ('<meta charset="gb2312">', "gb18030", "价格"),
    ],
)
def test_decode_when_the_page_declares_it_then_followed(declaration: str, encoding: str, words: str):
    text = declaration + words
    assert decode(text.encode(encoding), None, "text/html") == text


@pytest.mark.parametrize(
    "charset", ["zlib", "rot13", "idna", "punycode", "unicode_escape", "utf-7", "nonsense", "", "x\0y"]
)
def test_decode_when_charset_is_none_of_the_webs_then_ignored(charset: str):
    assert decode(b"+ADw-script+AD4- \\u003c", charset, "text/html") == "+ADw-script+AD4- \\u003c"


def test_decode_when_utf8_is_broken_then_replaced_not_refused():
    assert decode(b"caf\xff \xe2\x82\xac", "utf-8", "text/html") == "caf\ufffd €"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le"])
def test_decode_when_json_says_nothing_then_detected(encoding: str):
    assert decode('{"price": "5 €"}'.encode(encoding), None, "application/json") == '{"price": "5 €"}'


def test_decode_when_nothing_is_declared_then_guessed_from_the_bytes():
    text = "Сегодня в магазине чайник стоит три тысячи рублей, завтра он будет стоить дороже. " * 5
    assert decode(text.encode("cp1251"), None, "text/html") == text


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300), st.sampled_from([None, "utf-8", "latin-1", "gbk", "utf-16", "big5"]))
def test_decode_when_bytes_are_any_then_always_a_text(body: bytes, charset: str | None):
    assert isinstance(decode(body, charset, "text/html"), str)
    assert isinstance(decode(body, charset, "application/json"), str)


@given(st.text(max_size=300).filter(lambda text: not text.startswith("\ufeff")))
def test_decode_when_utf8_is_declared_then_exact(text: str):
    assert decode(text.encode(), "utf-8", "text/plain") == text


@pytest.mark.parametrize(
    ("said", "body", "read_as"),
    [
        ("text/html", b"", "text/html"),
        ("application/ld+json", b"", "application/ld+json"),
        ("application/rss+xml", b"", "application/rss+xml"),
        ("text/csv", b"", "text/csv"),
        ("application/pdf", b"", "application/pdf"),
        ("", b"  <!DOCTYPE html><p>", "text/html"),
        ("application/octet-stream", b"%PDF-1.7", "application/pdf"),
        ("", b'<?xml version="1.0"?>', "application/xml"),
        ("", b'{"a": 1}', "application/json"),
        ("", b"12.5", "text/plain"),
        ("application/octet-stream", b"\x7fELF\0\0", None),
        ("image/png", b"<html>", None),
        ("video/mp4", b"", None),
        ("application/zip", b"PK", None),
    ],
)
def test_sniff_when_type_is_said_or_guessed_then_how_to_read(said: str, body: bytes, read_as: str | None):
    assert sniff(said, body) == read_as


@pytest.mark.parametrize(
    ("header", "parts"),
    [
        ("text/html; charset=UTF-8", ("text/html", "UTF-8")),
        ("TEXT/HTML;Charset='koi8-r'", ("text/html", "koi8-r")),
        ('application/json; profile="x"; charset="utf-8"', ("application/json", "utf-8")),
        ("", ("", None)),
    ],
)
def test_content_type_when_split_then_type_and_charset(header: str, parts: tuple[str, str | None]):
    assert split_content_type(header) == parts
