"""`Answers`: what comes back from a worker is data, whoever wrote it.

Workers read strangers' pages, and what they answer is pickled, which can name any function to be called where it is
read. Here it can name types of values and errors, and nothing is imported for it.
"""

from __future__ import annotations

import io
import os
import pickle
import sys
from multiprocessing import reduction
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from typing import Any

import msgspec
from pebble.common.types import RemoteException, Result, ResultStatus
from pebble.pool.process import Acknowledgement, TaskProblem, TaskResult

from archive.errors import ExtractionError

__all__ = ["Answers", "WorkerContext"]

_TYPES: dict[str, Any] = {
    f"{named.__module__}.{named.__qualname__}": named
    for named in (Acknowledgement, TaskProblem, TaskResult, Result, ResultStatus)
}
_TYPES |= {
    f"{RemoteException.__module__}.RemoteException.rebuild_exception": RemoteException.rebuild_exception,
    "msgspec._utils.rebuild": sys.modules["msgspec._utils"].rebuild,
}
_PLAIN = {
    "builtins": {"set", "frozenset", "bytearray", "complex"},
    "datetime": {"datetime", "date", "time", "timedelta", "timezone"},
}


class Answers(pickle.Unpickler):
    """Reads one answer; `refused` names what it may not hold, for which an error stands in."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self.refused: list[str] = []

    def find_class(self, module: str, name: str) -> Any:
        """The type of that name, if a worker may answer with it."""
        if found := _TYPES.get(f"{module}.{name}"):
            return found
        found = getattr(sys.modules.get(module), name, None)
        if isinstance(found, type):
            if name in _PLAIN.get(module, ()) or issubclass(found, Exception | SystemExit | KeyboardInterrupt):
                return found
            if module.partition(".")[0] == "archive" and issubclass(found, msgspec.Struct):
                return found
        self.refused.append(f"{module}.{name}")
        return _Refused


class WorkerContext(ForkServerContext):
    """Processes forked from a clean one, whose answers are read by `Answers`."""

    def Pipe(self, duplex: bool = True) -> tuple[Any, Any]:
        """As always, but for what the reading end reads."""
        reader, writer = super().Pipe(duplex)
        read: Any = _Reader(os.dup(reader.fileno()), writable=False)
        reader.close()
        return read, writer


class _Reader(Connection):
    def recv(self) -> Any:
        """The next answer; what is no answer becomes the error of its task."""
        answers = Answers(self.recv_bytes())
        try:
            answer = answers.load()
        except (AttributeError, TypeError):  # pebble ends the pool for these
            raise
        except Exception as error:
            raise pickle.PicklingError(f"A worker's answer can't be read: {error}.") from error
        if answers.refused and isinstance(answer, TaskResult | TaskProblem):
            refused = ExtractionError(f"its worker answered with {answers.refused[0]}, which is no value.")
            return TaskResult(answer.task, Result(ResultStatus.ERROR, refused))
        return answer


class _Refused(Exception):
    """What was named and isn't looked up; whatever the answer has done with it, it stays that."""

    def __call__(self, *arguments: Any) -> _Refused:
        return self

    def __setstate__(self, state: Any) -> None:
        pass


reduction.register(_Reader, reduction.ForkingPickler._extra_reducers[Connection])  # type: ignore[attr-defined]
