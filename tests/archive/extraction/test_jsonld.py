import json
import time

import lxml.html
import pytest

from archive.extraction.jsonld import LinkedData, is_article_type, parse_json, read_linked_data, strings, types

ARTICLE = {"@type": "NewsArticle", "headline": "Ferry returns to harbour"}
PAGE = "https://courier.example/2024/ferry"


@pytest.mark.parametrize(
    "text",
    [
        '{"@type": "NewsArticle", "headline": "Ferry returns to harbour"}',
        '<!-- {"@type": "NewsArticle", "headline": "Ferry returns to harbour"} -->',
        '//<![CDATA[\n{"@type": "NewsArticle", "headline": "Ferry returns to harbour"}\n//]]>',
        '/*<![CDATA[*/{"@type": "NewsArticle", "headline": "Ferry returns to harbour"}/*]]>*/;',
        '{"@type": "NewsArticle", "headline": "Ferry returns to harbour",}',
        '{"@type": "NewsArticle",, "headline": "Ferry returns to harbour"}',
        "{&quot;@type&quot;: &quot;NewsArticle&quot;, &quot;headline&quot;: &quot;Ferry returns to harbour&quot;}",
        '\ufeff{"@type": "NewsArticle", "headline": "Ferry returns to harbour"};',
    ],
)
def test_mended_blocks(text):
    assert parse_json(text) == ARTICLE


def test_control_characters_and_bad_escapes():
    assert parse_json('{"headline": "two\nlines\tand a tab"}') == {"headline": "two\nlines\tand a tab"}
    assert parse_json(r'{"headline": "it\'s a C:\dir \u00e9"}') == {"headline": "it\\'s a C:\\dir é"}


def test_a_comma_in_a_string_stays():
    assert parse_json('{"headline": "first, ] second,}", }') == {"headline": "first, ] second,}"}


def test_several_values_in_a_row():
    assert parse_json('{"a": 1}\n{"b": 2},') == [{"a": 1}, {"b": 2}]


def test_fields_are_salvaged_from_a_cut_off_block():
    cut = '{"@type": "NewsArticle", "datePublished": "2024-05-03", "headline": "Ferry \\"Ada\\" ret", "descr'
    assert parse_json(cut) == {
        "@type": "NewsArticle",
        "datePublished": "2024-05-03",
        "headline": 'Ferry "Ada" ret',
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing like JSON",
        "[" * 200_000,
        '{"a":' * 100_000,
        '"a\\' * 100_000,
        '"' * 100_001,
        '{"headline":"' * 50_000,
        "," * 200_000,
        " " * 500_000 + "x",
        "/*" * 100_000,
        "{" + "9" * 6_000,
        "&quot;" * 50_000,
        "[" + "1," * 2_500_000 + "1]",
    ],
)
def test_hostile_blocks_neither_raise_nor_stall(text):
    start = time.process_time()
    LinkedData([parse_json(text)]).about(PAGE)
    assert time.process_time() - start < 5


def test_blocks_of_a_page():
    blocks = [ARTICLE, [{"@type": "BreadcrumbList"}], {"@graph": [{"@type": ["WebPage", "FAQPage"]}]}]
    scripts = "".join(f'<script type="application/LD+json">{json.dumps(b)}</script>' for b in blocks)
    tree = lxml.html.document_fromstring(f"<html><head>{scripts}<script>var a = 1</script></head></html>")
    linked = read_linked_data(tree)
    assert [types(node) for node in linked.nodes] == [("NewsArticle",), ("BreadcrumbList",), ("WebPage", "FAQPage")]


def test_the_article_that_names_our_address_wins():
    other = {"@type": "NewsArticle", "headline": "Bridge closed", "url": "https://courier.example/2024/bridge"}
    ours = {**ARTICLE, "mainEntityOfPage": {"@id": "http://www.courier.example/2024/ferry/?ref=rss#top"}}
    assert LinkedData([other, ours]).about(PAGE) == (ours,)
    assert LinkedData([other, ours]).about("https://elsewhere.example/") == (other,)


def test_related_articles_inside_another_node_are_not_the_article():
    related = {"@type": "ItemList", "itemListElement": [{"@type": "NewsArticle", "headline": "Bridge closed"}]}
    assert LinkedData([related]).about(PAGE) == ()


def test_references_are_followed():
    person = {"@type": "Person", "@id": "#ada", "name": "Ada Brook"}
    article = {**ARTICLE, "author": [{"@id": "#ada"}, {"@id": "#nobody"}]}
    linked = LinkedData([{"@graph": [article, person]}])
    assert linked.values(article, "author") == [person, {"@id": "#nobody"}]


def test_a_reference_to_itself():
    node = {"@type": "NewsArticle", "@id": "#a", "author": {"@id": "#a"}}
    assert LinkedData([node]).values(node, "author") == [node]


def test_strings_of_any_value():
    assert strings(["a", 1, None, True, {"name": ["b", {"name": "c"}]}, [["d"]]], "name") == ["a", "1", "b", "c", "d"]
    assert strings({"other": "x"}, "name") == []
    deep = "x"
    for _ in range(50):
        deep = [deep]
    assert strings(deep) == []


@pytest.mark.parametrize("name", ["NewsArticle", "newsarticle", "LiveBlogPosting", "ClaimReview", "Report"])
def test_article_types(name):
    assert is_article_type(name)


@pytest.mark.parametrize("name", ["", "JobPosting", "WebPage", "Person"])
def test_other_types(name):
    assert not is_article_type(name)


def test_type_names_lose_their_prefix():
    assert types({"@type": ["http://schema.org/NewsArticle", "schema:Article", 5]}) == ("NewsArticle", "Article")
