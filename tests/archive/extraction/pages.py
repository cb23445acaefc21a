"""Invented pages for the tests of extraction."""

from __future__ import annotations

import html

HEADLINE = "Eastern wall of the harbour is being repaired"
REPORT = (
    "The harbour of Wexcombe will close to heavy ships for six weeks from Monday while divers repair the eastern "
    "wall, the port authority said on Thursday.",
    "A storm in November tore a hole nine metres wide into the masonry, which dates from 1871. Fishing boats may "
    "still enter at high water, provided they report to the harbour master.",
    "The work is expected to cost 2.4 million pounds. The county pays two thirds of the sum, and the rest comes from "
    "the port's own reserves, according to documents.",
    "Freight that would have passed through the town is to be moved by rail from Ambleford. The railway has put on two "
    "additional trains a night, the first of which left on Wednesday.",
    "Residents of Quay Street have been told to expect noise between seven in the morning and eight at night. The "
    "council has promised to measure it and to publish the figures.",
    "In the afternoon the mayor walked along the quay with the engineers, who showed him the cracks and the place "
    "where the water had come in during the night of the storm.",
)


def paragraphs(*texts: str) -> str:
    """Each text in a p element."""
    return "\n".join(f"<p>{html.escape(text, quote=False)}</p>" for text in texts)


def page(body: str, *, head: str = "", language: str = "en", attributes: str = "") -> str:
    """A page with `body` below its headline, in elements whose names tell nothing."""
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><title>{HEADLINE}</title>{head}</head>'
        f'<body{attributes}><div class="page"><h1>{HEADLINE}</h1>{body}</div></body></html>'
    )


def article(*texts: str) -> str:
    """A page whose article element holds the texts, one a paragraph."""
    return page(f"<article>{paragraphs(*texts)}</article>")
