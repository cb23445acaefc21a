import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import ExtractionError, NotAPage
from archive.extraction.document import decode, parse

GERMAN = "Der Hafen bleibt für große Schiffe gesperrt, über sechs Wochen lang; die Prüfung läuft. " * 5
RUSSIAN = "Порт закроют для крупных судов на шесть недель, сообщило в четверг управление. " * 5
JAPANESE = "ウェクスコムの港は、月曜日から六週間、大型船に対して閉鎖される。" * 5


def page(text, declared=""):
    meta = f'<meta charset="{declared}">' if declared else ""
    return f"<html><head>{meta}</head><body><p>{text}</p></body></html>"


@pytest.mark.parametrize(
    ("text", "coding"),
    [
        (GERMAN, "iso-8859-1"),
        (GERMAN, "windows-1252"),
        (RUSSIAN, "windows-1251"),
        (RUSSIAN, "koi8-r"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc-jp"),
        (JAPANESE, "iso-2022-jp"),
        (JAPANESE, "utf-8"),
        (JAPANESE, "utf-16"),
    ],
)
@pytest.mark.parametrize("where", ["meta", "header"])
def test_declared_codings(text, coding, where):
    body = page(text, coding if where == "meta" else "").encode(coding)
    assert text in decode(body, f"text/html; charset={coding}" if where == "header" else None)


@pytest.mark.parametrize("declared", ["iso-8859-1", "windows-1251", "nonsense", "utf-7", ""])
@pytest.mark.parametrize("header", [None, "text/html", "text/html; charset=iso-8859-1", "text/html; charset=nonsense"])
def test_utf8_is_taken_as_such_whatever_is_declared(declared, header):
    assert RUSSIAN in decode(page(RUSSIAN, declared).encode(), header)


def test_utf8_with_a_byte_order_mark():
    assert decode(b"\xef\xbb\xbf<p>a") == "<p>a"


@pytest.mark.parametrize("text", [GERMAN, RUSSIAN])
def test_a_few_broken_bytes_leave_a_page_utf8(text):
    body = page(text, "iso-8859-1").encode()
    assert text in decode(body[:-7] + b"\xff\xe2\x80" + body[-7:], "text/html; charset=iso-8859-1")


@pytest.mark.parametrize(("text", "coding"), [(GERMAN, "windows-1252"), (RUSSIAN, "windows-1251")])
@pytest.mark.parametrize("where", ["meta", "header", "both"])
def test_what_is_declared_utf8_and_is_not(text, coding, where):
    body = page(text, "" if where == "header" else "utf-8").encode(coding)
    assert text in decode(body, None if where == "meta" else "text/html; charset=utf-8")


def test_a_wrong_header_gives_way_to_the_page():
    assert GERMAN in decode(page(GERMAN, "iso-8859-1").encode("iso-8859-1"), "text/html; charset=utf-8")


def test_an_undeclared_coding_is_guessed():
    assert RUSSIAN in decode(page(RUSSIAN).encode("windows-1251"))


def test_control_characters_go():
    assert decode(b"<p>a\x00\x01\x0b\x1fb\tc\n") == "<p>ab\tc\n"
    assert decode("<p>ä\x00\x1f".encode("utf-16")) == "<p>ä"


@given(
    st.binary(max_size=300), st.sampled_from([None, "", "text/html; charset=utf-16", "\0;;charset=", "a/b;charset=é"])
)
def test_any_bytes_are_decoded(body, content_type):
    text = decode(body, content_type)
    assert not set(text) & {chr(c) for c in (*range(9), 11, *range(14, 32))}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "The page is empty."),
        (b" \n\0", "The page is empty."),
        (b"Nothing but words", "it begins 'Nothing but words'"),
        (b"1 < 2 and <3", "no HTML"),
        (b"<!-- nothing -->", "can't be parsed"),
        (b"%PDF-1.7 <</Type /Catalog>>", "a PDF"),
        (b"\x89PNG\r\n\x1a\n<b>", "a PNG picture"),
        (b"\xff\xd8\xff\xe0<b>", "a JPEG picture"),
        (b"GIF89a<b>", "a GIF picture"),
        (b"\x1f\x8b<b>", "a gzip file"),
        (b"PK\x03\x04<b>", "a ZIP file"),
        (b'{"html": "<p>a</p>"}', "JSON"),
        (b'[{"html": "<p>a</p>"}]', "JSON"),
        (b'<?xml version="1.0"?><!-- feed --><rss version="2.0"><channel></channel></rss>', "<rss>"),
        (b'<feed xmlns="http://www.w3.org/2005/Atom"></feed>', "<feed>"),
        (b'<?xml version="1.0"?>\n<urlset></urlset>', "<urlset>"),
    ],
)
def test_what_is_no_page(body, why):
    with pytest.raises(NotAPage) as caught:
        parse(body)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"<p>a",
        b'<?xml version="1.0" encoding="utf-16"?><html><body><p>a</p></body></html>',
        b"\n <?xml version='1.0'?><!DOCTYPE html><p>a",
        b"<!DOCTYPE html>\n<!-- b --><html><p>a",
        b"<HTML><BODY><P>a",
        b"[b] <p>a",
        "<p>a".encode("utf-16"),
    ],
)
def test_what_is_a_page(body):
    assert [p.text for p in parse(body).iter("p")] == ["a"]


@pytest.mark.parametrize("entity", ["&#0;", "&#xD800;", "&#x110000;", "&nosuch;", "&#99999999999;", "&"])
def test_invalid_entities(entity):
    text = parse(f"<p>a {entity} b</p>".encode()).text_content()
    assert text.startswith("a")
    text.encode()


@pytest.mark.parametrize("depth", [200, 300, 1900])
def test_deep_pages_are_read_to_the_end(depth):
    tree = parse(f"<body>{'<div>' * depth}<p>a</p>{'</div>' * depth}<p>b</p>".encode())
    assert [p.text for p in tree.iter("p")] == ["a", "b"]


def test_what_never_closes_its_formatting_is_read_to_the_end():
    tree = parse(b"<body>" + b"".join(b"<font><b><p>%d" % i for i in range(2500)))
    assert len(list(tree.iter("p"))) == 2500
    assert tree.text_content().endswith("2499")


def test_a_page_too_deep_for_the_parser_is_no_half_page():
    with pytest.raises(ExtractionError, match="deeper than the parser goes"):
        parse(b"<body>" + b"<div>" * 10_000 + b"<p>a")


@pytest.mark.parametrize(
    ("language", "encoding", "text"),
    [
        ("fr", "cp1252", "Un café crème brûlée, dit naïvement le garçon à l’été, où l’on déjeune près de la forêt."),
        ("", "cp1252", "Über die Straße lief ein Mädchen, das grüne Äpfel und süße Möhren für die Größeren trug."),
        ("pl", "cp1250", "Wójt gminy ogłosił, że łódź z gruszkami wróciła późną nocą, zmęczona załoga spała już."),
        ("cs", "cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy, řekl převozník, když dovezl hrušky do přístavu."),
    ],
)
def test_latin_pages_that_lie_are_read_by_their_language(language: str, encoding: str, text: str) -> None:
    html = f'<html lang="{language}"><body><p>{text}</p></body></html>'
    assert text in decode(html.encode(encoding), "text/html; charset=utf-8")
