"""``python -m tests.pages``: what is read wrongly from the pages here, known gaps too."""

from __future__ import annotations

import argparse
import re

from tests.pages.fixture import FIELDS, Fixture, fixtures

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


def close(fixture: Fixture) -> None:
    """Rewrite the known gaps of a page as those that are still open."""
    gaps = fixture.expected.known_gaps
    still = [field for field in gaps if fixture.difference(field)]
    if len(still) == len(gaps):
        return
    path = fixture.folder / "expected.toml"
    listed = ", ".join(f'"{field}"' for field in still)
    line = f"known_gaps = [{listed}]\n" if still else ""
    path.write_text(_GAPS.sub(line, path.read_text("utf-8"), count=1), "utf-8")
    print(f"{fixture.name}: closed {', '.join(sorted(set(gaps) - set(still)))}")


if __name__ == "__main__":
    main()
