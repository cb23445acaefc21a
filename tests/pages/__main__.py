"""``python -m tests.pages``: what is read wrongly from the pages here, known gaps too."""

from __future__ import annotations

import argparse
import re
import tomllib
from pathlib import Path

from tests.pages.fixture import FIELDS, HERE, Fixture, fixtures
from tests.pages.leaks import open_gaps

_GAPS = re.compile(r"^known_gaps = \[[^\]]*\]\n", re.MULTILINE)


def main() -> None:
    """Print the differences of the pages whose names have one of the words in them."""
    parser = argparse.ArgumentParser(prog="python -m tests.pages", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="NAME", help="part of a folder's name; all without")
    parser.add_argument("--field", action="append", choices=FIELDS, help="only this field; may be repeated")
    parser.add_argument("--close", action="store_true", help="take known gaps that are closed out of expected.toml")
    chosen = parser.parse_args()
    for fixture in fixtures():
        if chosen.words and not any(word in fixture.name for word in chosen.words):
            continue
        for field in chosen.field or FIELDS:
            if difference := fixture.difference(field):
                known = " (known gap)" if field in fixture.expected.known_gaps else ""
                print(f"{fixture.name}: {field}{known}\n{difference}\n")
        if chosen.close:
            close(fixture)
    if chosen.close and not chosen.words:
        close_leaks(HERE / "appeals.toml")


def close(fixture: Fixture) -> None:
    """Rewrite the known gaps of a page as those that are still open."""
    gaps = fixture.expected.known_gaps
    still = [field for field in gaps if fixture.difference(field)]
    if len(still) == len(gaps):
        return
    path = fixture.folder / "expected.toml"
    path.write_text(_GAPS.sub(_line(still), path.read_text("utf-8"), count=1), "utf-8")
    print(f"{fixture.name}: closed {', '.join(sorted(set(gaps) - set(still)))}")


def close_leaks(path: Path) -> None:
    """Do the same in ``appeals.toml``."""
    tables = re.split(r"^(?=\[)", path.read_text("utf-8"), flags=re.MULTILINE)
    for number, text in enumerate(tables):
        for language, table in tomllib.loads(text).items():
            gaps = table.get("known_gaps", [])
            still = [gap for gap in gaps if gap in open_gaps(language)] if gaps else []
            if len(still) < len(gaps):
                tables[number] = _GAPS.sub(_line(still), text, count=1)
                print(f"{path.name}: closed {', '.join(sorted(set(gaps) - set(still)))} of {language}")
    path.write_text("".join(tables), "utf-8")


def _line(gaps: list[str]) -> str:
    listed = ", ".join(f'"{gap}"' for gap in gaps)
    return f"known_gaps = [{listed}]\n" if gaps else ""


if __name__ == "__main__":
    main()
