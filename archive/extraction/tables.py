"""Tables that hold a page's layout rather than data."""

from __future__ import annotations

from lxml.html import HtmlElement

__all__ = ["unfold_layout_tables"]

_LONGEST_CELL = 500
_MOST_BREAKS = 3


def unfold_layout_tables(tree: HtmlElement) -> None:
    """Make divs of tables whose cells hold whole texts, as pages were built before about 2008.

    trafilatura would read such a cell as one row of data.
    """
    for table in list(tree.iter("table")):
        cells = [cell for row in table.iter("tr") for cell in row if cell.tag in ("td", "th")]
        if any(_is_layout(cell) for cell in cells):
            for part in (table, *table.iter("tbody", "tr"), *cells):
                part.tag = "div"


def _is_layout(cell: HtmlElement) -> bool:
    if cell.find(".//table") is not None:
        return True
    paragraphs = sum(1 for _ in cell.iter("p", "h1", "h2"))
    breaks = sum(1 for _ in cell.iter("br"))
    return (paragraphs > 1 or breaks > _MOST_BREAKS) and len(cell.text_content()) > _LONGEST_CELL
