from archive.extraction.blocks import blocks
from archive.extraction.document import parse
from archive.extraction.teasers import teasers


def told(markup):
    found = blocks(parse(f"<html><body>{markup}</body></html>".encode()))
    rules = teasers(found)
    return [rules.get(block, "") for block in found]


def test_a_list_of_links_with_labels():
    items = "".join(f"<li><b>Coast:</b> <a href=/{i}>A wall that held for {i} years</a></li>" for i in range(3))
    assert told(f"<ul>{items}</ul>") == ["related:list"] * 3


def test_a_list_of_sentences_with_links_stays():
    items = "".join(f"<li><a href=/{i}>The wall of town {i}</a> held for long.</li>" for i in range(3))
    assert told(f"<ul>{items}</ul>") == [""] * 3


def test_a_list_with_an_item_without_a_link_stays():
    assert told("<ul><li><a href=/1>The wall of a town</a></li><li>Its gate</li></ul>") == ["", ""]


def test_a_title_behind_a_label():
    assert told("<p>NGOKU FUNDA | <a href=/1>Udonga lolwandle luyawa</a></p>") == [""]
    assert told("<p>NGOKU FUNDA | <a href=/1>Udonga lolwandle luyawa emini</a></p>") == ["related:label"]
    twice = "<p>NGOKU FUNDA | <a href=/1>Udonga luyawa</a></p>" * 2
    assert told(twice) == ["related:label"] * 2


def test_a_sentence_behind_a_label_stays():
    assert told("<p>Harbour: <a href=/1>The wall of the town has held for a century.</a></p>") == [""]


def test_an_arrow():
    assert told("<p>&gt;&gt; Here you find <a href=/1>all dates of the repairs</a></p>") == ["related:arrow"]


def test_anchors_are_no_links():
    assert blocks(parse(b"<html><body><p><a name=top>The wall held</a></p></body></html>"))[0].linked == 0
