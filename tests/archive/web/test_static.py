"""What can be told of the style sheet and scripts without a browser."""

from __future__ import annotations

import re

import pytest

from archive.extraction.kinds import KINDS, SITE_RULE
from archive.web.template import STATIC

CSS = (STATIC / "room.css").read_text()
PALETTE = dict(re.findall(r"--([\w-]+): light-dark\((#\w{6}, #\w{6})\)", CSS))

TEXT = [
    (ink, ground)
    for ground in ("paper", "sheet", "inset")
    for ink in ("ink", "quiet", "link", "good", "bad")
] + [
    ("on-strong", "strong"), ("ink", "mark"), ("on-added", "added"), ("on-gone", "gone"), ("on-moved", "moved"),
    ("on-aside", "aside"), ("link", "aside"),
]  # fmt: skip
SHAPES = [
    (shape, ground) for ground in ("paper", "sheet") for shape in ("edge", "strong", "captured", "extracted", "failed")
]


def luminance(colour: str) -> float:
    """WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    """WCAG 2.2."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_by_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_can_be_read(ink: str, ground: str, theme: int) -> None:
    assert contrast(PALETTE[ink].split(", ")[theme], PALETTE[ground].split(", ")[theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_shapes_can_be_told_from_the_ground(shape: str, ground: str, theme: int) -> None:
    assert contrast(PALETTE[shape].split(", ")[theme], PALETTE[ground].split(", ")[theme]) >= 3


def test_no_colour_stands_outside_of_the_palette() -> None:
    rules = re.sub(r":root \{.*?\n\}", "", CSS, count=1, flags=re.DOTALL)
    assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;,) ])", rules)) <= {"#fff"}  # the ground of archived pages


def test_every_kind_of_furniture_has_its_switch() -> None:
    for kind in (*KINDS, SITE_RULE):
        assert f".reading:has(#kind-{kind}:not(:checked)) .of-{kind}" in CSS


def test_focus_is_seen_and_motion_can_be_declined() -> None:
    assert re.search(r":focus-visible \{ outline: 3px solid", CSS)
    assert "prefers-reduced-motion" in CSS
    assert not re.search(r"(?<!main:focus \{ )outline: none", CSS)


@pytest.mark.parametrize("path", sorted(STATIC.iterdir()), ids=lambda path: path.name)
def test_nothing_is_fetched_from_elsewhere(path) -> None:
    text = path.read_text().replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|@import|url\(|//[a-z]+\.", text)


def test_scripts_make_no_markup_of_strings() -> None:
    for path in STATIC.glob("*.js"):
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", path.read_text()
        )
