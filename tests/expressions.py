"""`ambiguities`: whether a regular expression can be made to take time that grows with a high power of the text.

A backtracking matcher tries every way to share a text between repeats that can each take it. Two repeats in a row that
overlap make that a square, three a cube, and a repeat of a repeat makes it exponential.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["Used", "ambiguities", "expressions"]

_ops: Any = re._constants  # type: ignore[attr-defined]
_parser: Any = re._parser  # type: ignore[attr-defined]
_ALPHABET = [chr(code) for code in range(128)] + list("\x85\xa0\xadäßéÅΩЖя١אع中の한\u2009\u2028\u200b—“”…€\ufeff")
_MANY = 50
"""A repeat that may go on for so long is as good as one without end."""
_FUNCTIONS = {"compile", "search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn"}

Used = tuple[str | bytes, int]
"""A pattern and its flags."""


def ambiguities(pattern: str | bytes, flags: int = 0) -> tuple[int, bool]:
    """The most repeats in a row that can share one text, and whether a repeat of a repeat can."""
    checker = _Checker()
    checker.walk(list(_parser.parse(pattern, flags)), (frozenset(), 0))
    return checker.most, checker.nested


class _Checker:
    def __init__(self) -> None:
        self.most, self.nested = 0, False

    def walk(self, items: Sequence[Any], state: tuple[frozenset[str], int]) -> tuple[frozenset[str], int]:
        """Go along a sequence; the state is what can still be shared, and by how many repeats so far."""
        for op, value in items:
            state = self._after(op, value, state)
            self.most = max(self.most, state[1])
        return state

    def _after(self, op: Any, value: Any, state: tuple[frozenset[str], int]) -> tuple[frozenset[str], int]:
        shared, count = state
        if op in (_ops.MAX_REPEAT, _ops.MIN_REPEAT):
            least, most, inner = value
            if most != _ops.MAXREPEAT and most < _MANY:
                after = self.walk(list(inner) * min(max(least, 1), 2), state)
                return max(state, after, key=lambda s: s[1]) if least == 0 else after
            self._look_inside(list(inner))
            taken = _characters(inner)
            overlap = shared & taken
            return (overlap, count + 1) if overlap else (taken, 1)
        if op is _ops.SUBPATTERN:
            return self.walk(list(value[-1]), state)
        if op is _ops.BRANCH:
            return max((self.walk(list(branch), state) for branch in value[1]), key=lambda s: s[1])
        if op in (_ops.POSSESSIVE_REPEAT, _ops.ATOMIC_GROUP):
            inner = value[-1] if op is _ops.POSSESSIVE_REPEAT else value
            self.walk(list(inner), (frozenset(), 0))
            return (frozenset(), 0)  # it gives nothing back
        if op in (_ops.ASSERT, _ops.ASSERT_NOT):
            self.walk(list(value[1]), (frozenset(), 0))
            return state
        if op in (_ops.AT, _ops.GROUPREF, _ops.GROUPREF_EXISTS):
            return state
        left = shared & _one(op, value)
        return (left, count if left else 0)

    def _look_inside(self, inner: list[Any]) -> None:
        """Whether a text can be shared between two turns of a repeat."""
        alone, twice = _Checker(), _Checker()
        alone.walk(inner, (frozenset(), 0))
        twice.walk(inner * 2, (frozenset(), 0))
        self.nested |= alone.nested or (alone.most > 0 and twice.most > alone.most)
        self.most = max(self.most, alone.most)


def _characters(items: Any) -> frozenset[str]:
    """Every character that the items can take."""
    found: frozenset[str] = frozenset()
    for op, value in items:
        if op in (_ops.MAX_REPEAT, _ops.MIN_REPEAT, _ops.POSSESSIVE_REPEAT):
            found |= _characters(value[2])
        elif op is _ops.SUBPATTERN:
            found |= _characters(value[-1])
        elif op is _ops.ATOMIC_GROUP:
            found |= _characters(value)
        elif op is _ops.BRANCH:
            found |= frozenset().union(*map(_characters, value[1]))
        elif op not in (_ops.AT, _ops.ASSERT, _ops.ASSERT_NOT):
            found |= _one(op, value)
    return found


def _one(op: Any, value: Any) -> frozenset[str]:
    """What an item takes that takes one character."""
    if op is _ops.LITERAL:
        return frozenset((chr(value), chr(value).lower(), chr(value).upper()))
    if op is _ops.NOT_LITERAL:
        return frozenset(_ALPHABET) - {chr(value)}
    if op is _ops.ANY:
        return frozenset(_ALPHABET)
    if op is _ops.IN:
        return _of_class(repr(value), tuple(value))
    return frozenset()


@cache
def _of_class(_: str, items: tuple[Any, ...]) -> frozenset[str]:
    found = set()
    for op, value in items:
        if op is _ops.LITERAL:
            found |= {chr(value), chr(value).lower(), chr(value).upper()}
        elif op is _ops.RANGE:
            found |= {c for c in _ALPHABET if value[0] <= ord(c) <= value[1]}
        elif op is _ops.CATEGORY:
            escape = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}[str(value).rpartition("_")[2]]
            escape = escape.upper() if "NOT" in str(value) else escape
            found |= {c for c in _ALPHABET if re.fullmatch(escape, c)}
    if items[0][0] is _ops.NEGATE:
        return frozenset(_ALPHABET) - found
    return frozenset(found)


def expressions(*packages: Any) -> dict[Used, str]:
    """Every expression that the packages compile when they are imported or that stands in their code, and where."""
    found: dict[Used, str] = {}
    for package in packages:
        (folder,) = package.__path__
        for path in sorted(Path(folder).rglob("*.py")):
            for used in _in_code(path):
                found.setdefault(used, f"{package.__name__}/{path.relative_to(folder)}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".wayback" not in module.name:  # it lives in pywb's environment
                for used in _held(importlib.import_module(module.name)):
                    found.setdefault(used, module.name)
    return found


def _in_code(path: Path) -> Iterator[Used]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _FUNCTIONS:
            is_re = isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
            first = node.args[0] if node.args else None
            if is_re and isinstance(first, ast.Constant) and isinstance(first.value, str | bytes):
                yield first.value, 0


def _held(module: Any) -> Iterator[Used]:
    """Of a module: in its names, and in tuples, lists and dictionaries there."""
    waiting = list(vars(module).values())
    for value in waiting:
        if isinstance(value, re.Pattern):
            yield value.pattern, value.flags & ~(re.UNICODE if isinstance(value.pattern, bytes) else 0)
        elif isinstance(value, tuple | list | set | frozenset) and len(value) < 1000:
            waiting += [inner for inner in value if isinstance(inner, re.Pattern | tuple | list)]
        elif isinstance(value, dict) and value is not vars(sys) and len(value) < 1000:
            waiting += [inner for inner in value.values() if isinstance(inner, re.Pattern | tuple | list)]
        if len(waiting) > 20_000:
            break
