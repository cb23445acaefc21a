from dataclasses import replace

import lxml.html
import pytest

from archive.extraction.blocks import Block, blocks
from archive.extraction.places import place_lines

ELEMENT = lxml.html.fragment_fromstring("<p></p>")
LONG = "Divers go down at seven in the morning and come up at noon, when the tide turns."


def made(*texts):
    return [Block(text, ELEMENT, 0) for text in texts]


def positions(lines, texts, taken=()):
    found = made(*texts)
    placed = place_lines(lines, found, {found[i] for i in taken})
    return [[found.index(block) for block in one.blocks] for one in placed]


def test_each_line_has_its_block():
    assert positions(["One", "Three"], ["One", "Two", "Three"]) == [[0], [2]]


def test_case_and_punctuation_do_not_matter():
    (placed,) = place_lines(["the wall"], made("“The Wall”"))
    assert (placed.is_whole, placed.text, placed.line) == (True, "“The Wall”", "the wall")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["Yes", "A", "Yes", "B", "Yes"], [[1], [2], [3], [4]]),
        (["A", "Yes", "B", "Yes", "Yes"], [[0], [1], [2], [3]]),
    ],
)
def test_repeated_lines_go_where_their_neighbours_are(texts, expected):
    assert positions(["A", "Yes", "B", "Yes"], texts) == expected


def test_a_copy_above_the_text_is_not_its_first_paragraph():
    assert positions(["Lead", "A"], ["Lead", "Menu", "Lead", "A"]) == [[2], [3]]


def test_more_lines_than_blocks_share_the_last():
    assert positions(["Yes", "Yes", "Yes"], ["Yes", "Yes"])[-1] == [1]


def test_what_is_taken_is_left_while_there_is_another():
    assert positions(["Wall"], ["Wall", "Other", "Wall"], taken=[0]) == [[2]]
    assert positions(["Wall"], ["Wall", "Other"], taken=[0]) == [[0]]


def test_parts_of_a_block_parted_at_breaks():
    texts = ["Before it", "The tide comes in, the tide goes out, in", "After it"]
    lines = ["Before it", "The tide comes in,", "the tide goes out,", "in", "After it"]
    assert positions(lines, texts) == [[0], [1], [1], [1], [2]]


def test_a_part_is_whole_words():
    assert positions(["Above", "art"], ["Above", "party"]) == [[0], []]


def test_joined_blocks_are_parted_again():
    placed = place_lines([f"Coal. Salt. {LONG}"], made("Menu", "Coal.", "Salt.", LONG))
    assert [one.text for one in placed] == ["Coal.", "Salt.", LONG]


def test_a_whole_text_in_one_line_is_parted_again():
    texts = [f"{i}. {LONG}" for i in range(300)]
    assert [one.text for one in place_lines([" ".join(texts)], made(*texts))] == texts


def test_cells_of_a_row_stay_in_a_line():
    (row,) = place_lines(["| Port | Ships |"], made("Port", "Ships"))
    assert [block.text for block in row.blocks] == ["Port", "Ships"]
    assert (row.text, row.is_whole) == ("| Port | Ships |", False)


def test_a_line_from_which_words_were_dropped():
    texts = ["Before", "The authority met on Friday with its own engineers and guests", "After"]
    lines = ["Before", "The authority met on with its own engineers and guests", "After"]
    assert positions(lines, texts) == [[0], [1], [2]]


def test_a_line_out_of_its_order_is_found_anywhere():
    assert positions(["Second", LONG[:50]], [LONG, "First", "Second"]) == [[2], [0]]


def test_a_line_of_nowhere():
    (placed,) = place_lines(["Words from a script"], made("One", "Two"))
    assert (placed.blocks, placed.block, placed.is_whole, placed.text) == ((), None, False, "Words from a script")


@pytest.mark.parametrize("line", ["", "***"])
def test_a_line_without_words(line):
    assert positions(["A", line, "B"], ["A", "B"]) == [[0], [], [1]]


def test_nothing():
    assert place_lines([], []) == []
    assert positions([], ["A"]) == []


def test_lines_of_one_long_block_take_no_time_each():
    lines = [f"{i}. {LONG}" for i in range(20_000)]
    whole = replace(made(" ".join(lines))[0])
    assert all(one.blocks == (whole,) for one in place_lines(lines, [whole]))


def test_blocks_of_a_page():
    tree = lxml.html.document_fromstring("<body><p>One</p><div>Two<br>and three</div></body>")
    found = blocks(tree)
    placed = place_lines(["One", "Two", "and three"], found)
    assert [one.block for one in placed] == [found[0], found[1], found[1]]
