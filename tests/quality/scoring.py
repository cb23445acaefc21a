"""`Scorer`: how well readings agree with what is right."""

from __future__ import annotations

import datetime as dt
import html
import importlib.util
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from tests.quality.pages import Reading

__all__ = ["SCORES", "Development", "Scorer"]

SCORES = "F1 P R headline authors day minute standfirst copies".split()
"""Body score (token-multiset F1, precision, recall of standfirst and text), then shares of pages."""

_WORD = re.compile(r"\w+")
_IDEOGRAPH = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_SOFT = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_WORDS_OF_STANDFIRST = 6
_BEGINNING = 8


class Scorer:
    """The measures of the development set's ``score.py``, for pages that have none of their own."""

    def words(self, text: str) -> list[str]:
        """The tokens of a text; each CJK character is one."""
        return _WORD.findall(_IDEOGRAPH.sub(r" \g<0> ", _SOFT.sub("", text)).lower())

    def prf(self, right: str, read: str) -> tuple[float, float, float]:
        """Precision, recall and F1 over the tokens."""
        wanted, got = Counter(self.words(right)), Counter(self.words(read))
        common = (wanted & got).total()
        if not common:
            both_empty = float(not wanted and not got)
            return both_empty, both_empty, both_empty
        precision, recall = common / got.total(), common / wanted.total()
        return precision, recall, 2 * precision * recall / (precision + recall)

    def plain(self, text: str) -> str:
        """What texts have in common that differ in case, punctuation and spaces."""
        return " ".join(self.words(unicodedata.normalize("NFKC", html.unescape(text))))

    def moment(self, text: str) -> dt.datetime | None:
        """An ISO date as a moment; UTC if it has no zone."""
        try:
            found = dt.datetime.fromisoformat(text)
        except ValueError:
            return None
        return found if found.tzinfo else found.replace(tzinfo=dt.UTC)

    def of_page(self, right: Reading, read: Reading) -> dict[str, float]:
        """The scores that a page has; those that don't apply to it are left out."""
        precision, recall, f1 = self.prf(right.body, read.body)
        scores: dict[str, float] = {"F1": f1, "P": precision, "R": recall}
        if right.headline:
            headline = self.plain(right.headline)
            scores["headline"] = headline == self.plain(read.headline)
            scores["copies"] = headline in {self.plain(line) for line in read.text.split("\n")}
        if right.authors:
            scores["authors"] = set(map(self.plain, right.authors)) == set(map(self.plain, read.authors))
        standfirst = self.words(right.standfirst)
        if len(standfirst) >= _WORDS_OF_STANDFIRST:
            scores["standfirst"] = " ".join(standfirst[:_BEGINNING]) in " ".join(self.words(read.body))
        if wanted := self.moment(right.published):
            got = self.moment(read.published)
            scores["day"] = got is not None and got.astimezone(wanted.tzinfo).date() == wanted.date()
            scores["minute"] = got is not None and abs((got - wanted).total_seconds()) <= 60
        return scores

    @staticmethod
    def mean(of_pages: Sequence[dict[str, float]]) -> dict[str, float]:
        """The means over the pages that have a score."""
        found = {name: [scores[name] for scores in of_pages if name in scores] for name in SCORES}
        return {name: fmean(values) for name, values in found.items() if values}


class Development(Scorer):
    """The development set's own measures, from its ``score.py``."""

    def __init__(self, folder: Path) -> None:
        spec = importlib.util.spec_from_file_location("development_score", folder / "score.py")
        assert spec is not None
        assert spec.loader is not None
        self._module: Any = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self._module)
        for name in ("words", "prf", "plain", "moment"):
            setattr(self, name, getattr(self._module, name))
