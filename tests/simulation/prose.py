"""`Prose`: invented news, of which no two paragraphs are alike, and edits of it of each kind."""

from __future__ import annotations

import random
from typing import Literal

import msgspec

__all__ = ["Edit", "Prose", "Text"]

Edit = Literal["typo", "number", "name", "quote", "headline", "added", "removed"]

_PEOPLE = (
    "Ilse Marrow", "Tomas Quill", "Bea Hartwick", "Noor Salden", "Petra Vantongeren", "Owen Lisk", "Maud Ferrier",
    "Cyril Onslow", "Anneke Drost", "Yusuf Peverell", "Greta Stannard", "Lorne Abbas", "Wanda Teel", "Hugo Brandreth",
)  # fmt: skip
_OFFICES = "mayor|harbour master|head teacher|council leader|surveyor|librarian|fire chief|ferry captain".split("|")
_PLACES = (
    "Saltmarket", "Upper Dray", "Cobble Row", "Fennick Bridge", "Old Quay", "Tanner Hill", "Merle Street", "Low Weir",
    "Sandgate", "Hobb Lane", "Pilot Square", "North Mole", "Chandler Yard", "Priory Steps",
)  # fmt: skip
_THINGS = (
    "sea wall", "swimming pool", "tram depot", "night bus", "corn exchange", "water tower", "school kitchen",
    "fish market", "town archive", "signal box", "bandstand", "footbridge", "lighthouse lamp", "flood gate",
)  # fmt: skip
_DEEDS = (
    "will be rebuilt", "is to close", "has been sold", "will open again", "needs new beams", "was painted overnight",
    "is to be moved", "has passed its inspection", "was left out of the budget", "will be run by volunteers",
)  # fmt: skip
_SAYINGS = (
    "We have waited long enough for this", "Nobody asked the people who work there", "It is a start, no more",
    "The figures speak for themselves", "I would rather mend it than bury it", "Our children will thank us for it",
    "There was no other way to pay for it", "You can hear it creak from the square",
)  # fmt: skip
_SENTENCES = (
    "The {thing} at {place} {deed}, {person} told a meeting on {day}, after {n} letters had come in within {m} days.",
    "Work on the {thing} near {place} cost {n}00 crowns more than planned, as papers show that the {office} signed.",
    "“{saying},” said {person}, who has lived in {place} for {m} years and keeps {n} hens behind the {thing}.",
    "About {n} people stood in {place} on {day} to see how the {thing} {deed}; some had brought folding chairs.",
    "{person}, the {office}, put the number of households without a {thing} at {n}, most of them around {place}.",
    "A report of {m} pages blames the {office} for the state of the {thing}, while {person} points to {place}.",
    "By {day} the road from {place} to {other} had been shut for {m} hours, because the {thing} {deed} too soon.",
    "“{saying},” {person} replied when asked why the {thing} in {other} was never counted among the {n} listed ones.",
    "In {other}, {m} miles away, a like {thing} {deed} last winter; there, {n} volunteers had offered their help.",
)  # fmt: skip
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


class Text(msgspec.Struct, frozen=True):
    """What a story says at one time."""

    headline: str
    standfirst: str
    paragraphs: tuple[str, ...]


class Prose:
    """Writes texts; the same seed, the same words."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)

    def text(self) -> Text:
        """A new story's."""
        rng = self._rng
        thing, place, deed = rng.choice(_THINGS), rng.choice(_PLACES), rng.choice(_DEEDS)
        return Text(
            headline=f"{thing.capitalize()} in {place} {deed}, says {rng.choice(_PEOPLE)}",
            standfirst=f"What the {rng.choice(_OFFICES)} of {place} knows of it after {rng.randrange(3, 90)} weeks, "
            f"and why {rng.choice(_PLACES)} is watching the {thing}.",
            paragraphs=tuple(self._paragraph() for _ in range(rng.randrange(5, 9))),
        )

    def _paragraph(self) -> str:
        return " ".join(self._sentence(form) for form in self._rng.sample(_SENTENCES, 3))

    def _sentence(self, form: str) -> str:
        rng = self._rng
        place, other = rng.sample(_PLACES, 2)
        return form.format(
            thing=rng.choice(_THINGS),
            place=place,
            other=other,
            deed=rng.choice(_DEEDS),
            person=rng.choice(_PEOPLE),
            office=rng.choice(_OFFICES),
            saying=rng.choice(_SAYINGS),
            day=rng.choice(_DAYS),
            n=rng.randrange(20, 900),
            m=rng.randrange(2, 60),
        )

    def edited(self, text: Text, edit: Edit) -> Text:
        """The text after one edit of a kind."""
        rng = self._rng
        lines = list(text.paragraphs)
        at = rng.randrange(len(lines))
        match edit:
            case "headline":
                return msgspec.structs.replace(text, headline=f"{rng.choice(_PEOPLE)}: {text.headline}")
            case "added":
                lines.insert(at + 1, self._paragraph())
            case "removed":
                del lines[at]
            case "number":
                at, old = next((at, word) for at, line in enumerate(lines) for word in line.split() if word.isdigit())
                lines[at] = lines[at].replace(f" {old} ", f" {int(old) + rng.randrange(1, 90)} ", 1)
            case "name":
                at, old = next((at, person) for at, line in enumerate(lines) for person in _PEOPLE if person in line)
                lines[at] = lines[at].replace(old, rng.choice([p for p in _PEOPLE if p != old]), 1)
            case "quote":
                at, old = next((at, said) for at, line in enumerate(lines) for said in _SAYINGS if said in line)
                lines[at] = lines[at].replace(old, rng.choice([s for s in _SAYINGS if s != old]), 1)
            case "typo":
                words = [w for w in lines[at].split() if w.isalpha() and w.islower() and len(w) > 4]
                word = rng.choice(words)
                lines[at] = lines[at].replace(word, word[0] + word[2] + word[1] + word[3:], 1)
        return msgspec.structs.replace(text, paragraphs=tuple(lines))
