"""One target under atheris: ``python -m tests.fuzzing.guided TARGET [options of libFuzzer]``."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["archive", "crawler", "feedparser"]):
    import archive.collection.collection
    import archive.extraction.extractor
    import archive.inspection
    import crawler.discovery.feeds
    import crawler.discovery.sitemaps
    import crawler.source  # noqa: F401
    from tests.fuzzing.targets import TARGETS, watched


def main() -> None:
    """Runs until a finding, or until the time is over."""
    target = TARGETS[sys.argv[1]]

    def one(data: bytes) -> None:
        with watched():
            target(data)

    atheris.Setup([sys.argv[0], *sys.argv[2:]], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
