"""An answer of a worker names values, and has nothing done where it is read."""

from __future__ import annotations

import datetime as dt
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml.etree import XMLSyntaxError
from pebble.pool.process import TaskResult

from archive.answers import Answers
from archive.article import Article
from archive.errors import ArchiveError, ExtractionError
from archive.workers import ExtractorPool
from tests.archive.making import double, give_a_lambda, raise_error, refused
from tests.archive.sandbox.attempts import answer_with


@pytest.fixture(scope="module")
def pool() -> Iterator[ExtractorPool]:
    pool = ExtractorPool(1)
    yield pool
    pool.close(abandon=True)


KINDS = (
    *("os.system", "exec", "eval", "a class of another module", "a method", "an import"),
    *("in an error", "in a list", "a function of ours"),
)


@pytest.mark.parametrize("kind", KINDS)
def test_no_answer_calls_a_function(pool: ExtractorPool, tmp_path: Path, kind: str) -> None:
    future = pool.submit_call(answer_with, kind, str(tmp_path / "written"))
    with pytest.raises(ExtractionError, match="which is no value") as error:
        future.result()
    told = refused(pool.explain(error.value, "https://ellery.test/a"))
    assert told.startswith("https://ellery.test/a: its worker answered with ")
    assert list(tmp_path.iterdir()) == []
    assert pool.submit_call(double, 2).result() == 4


def test_values_and_errors_come_through(pool: ExtractorPool) -> None:
    article = Article(url="https://ellery.test/a", headline="Storm", text="Boats.")
    held = [article, dt.datetime.now(dt.UTC), {"a": {1, 2}}, frozenset("b"), 1.5, None, b"bytes", dt.date.today()]
    assert pool.submit_call(list, held).result() == held
    for raised in (ExtractionError("A sentence."), ValueError("odd"), RecursionError("deep"), UnicodeDecodeError):
        error = raised("utf-8", b"x", 0, 1, "odd") if isinstance(raised, type) else raised
        found = pool.submit_call(raise_error, error).exception()
        assert (type(found), str(found)) == (type(error), str(error))
    parsing = pool.submit_call(raise_error, XMLSyntaxError("odd", 1, 2, 3)).exception()
    assert isinstance(pool.explain(parsing or ValueError(), "u"), ArchiveError)
    assert pool.submit_call(give_a_lambda).exception() is not None


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("archive.workers", "os.system"),
        ("archive.workers", "os"),
        ("archive.workers", "extract_capture"),
        ("archive.storage", "Store"),
        ("pathlib", "Path"),
        ("pebble.pool.process", "ProcessPool"),
        ("no_such_module", "Error"),
    ],
)
def test_names_that_are_no_values(module: str, name: str) -> None:
    pickled = b"c" + module.encode() + b"\n" + name.encode() + b"\n."
    answers = Answers(pickled)
    answers.load()
    assert answers.refused == [f"{module}.{name}"]


def test_a_module_is_never_imported_for_an_answer() -> None:
    import sys

    answers = Answers(b"cantigravity\nfly\n.")
    answers.load()
    assert "antigravity" not in sys.modules


def test_what_is_pebbles_is_known() -> None:
    answers = Answers(pickle.dumps(TaskResult(1, None)))
    assert answers.load() == TaskResult(1, None)
    assert answers.refused == []
