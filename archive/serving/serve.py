"""`serve`: the reading room in this process, replay in another one, until somebody says stop."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from archive.catalogue import Catalogue
from archive.rights.policy import NOTHING, Policy
from archive.serving.addresses import Addresses, Sockets, aliases
from archive.serving.admission import Admission
from archive.serving.environment import PywbEnvironment
from archive.serving.hosts import HostCheck
from archive.serving.protocol import CONNECTIONS, LONGEST_HEAD, Protocol
from archive.serving.replay import Replay, Scripts
from archive.storage import Store
from archive.web.app import create_app
from archive.web.room import NO_REPLAY

__all__ = ["serve"]

_GRACE = 3
"""Seconds that running answers get when it stops."""
_NOT_STARTED = {**NO_REPLAY, "problem": "It was not started (--no-replay)."}


def serve(
    store: Store,
    addresses: Addresses,
    *,
    environment: Path | None,
    admission: Admission | None = None,
    memory: int = 0,
    scripts: Scripts = "held",
    titles: Mapping[str, str] | None = None,
    not_shown: Policy = NOTHING,
    reserved: Policy = NOTHING,
    say: Callable[[str], None],
) -> None:
    """Serve until SIGINT or SIGTERM. Without an `environment` for pywb there is no replay.

    `admission` says who is let in; without it, whoever is on this machine.

    `memory` is the address space of replay's process in bytes (0: no limit); `scripts` says where those of archived
    pages run (`Replay`); `titles`, `not_shown` and `reserved` are as in
    `archive.web.app.create_app`.

    Raises `ServingError` if that can't be done, `StoreError` if there is no archive.
    """
    store.require()
    Catalogue(store.catalogue_path, read_only=True).close()  # says what is wrong with it
    addresses.check(replay=environment is not None)
    admission = admission or Admission()
    admission.check(addresses)
    rate = admission.rate_at(addresses)
    with ExitStack() as stack:
        sockets = Sockets(addresses, replay=environment is not None)
        stack.callback(sockets.close)
        keys = admission.keys(sockets.origin)
        replay = None
        if environment is not None:
            assert sockets.replay is not None
            assert sockets.replay_origin is not None
            pywb = PywbEnvironment(environment)
            pywb.set_up(say)
            replay = Replay(
                store,
                pywb,
                sockets.replay,
                origin=sockets.replay_origin,
                room=sockets.origin,
                memory=memory,
                scripts=scripts,
                users=admission.users,
                rate=rate,
                proxies=admission.proxies,
                say=say,
            )
            stack.callback(replay.stop)
            replay.start()
        app = create_app(
            store,
            origin=sockets.origin,
            replay_origin=replay.origin if replay else None,
            replay_path=replay.path if replay else lambda: "/web",
            replay_scripts=scripts,
            replay_state=replay.state if replay else lambda: _NOT_STARTED,
            titles=titles,
            not_shown=not_shown,
            reserved=reserved,
            keys=keys,
            rate=rate,
            proxies=admission.networks(),
        )
        checked = HostCheck(app, sockets.origin, aliases(sockets.room))
        server = _Server(checked, lambda: say(_welcome(sockets)))
        with _stopping(server):
            server.run(sockets=[sockets.room])


def _welcome(sockets: Sockets) -> str:
    lines = [f"Reading room  {sockets.origin}/"]
    if sockets.replay_origin:
        lines.append(f"Replay        {sockets.replay_origin}/web/  (Memento: TimeGate .../web/URL)")
    return "\n".join([*lines, f"Ctrl-C stops {'both' if sockets.replay_origin else 'it'}."])


class _Server(uvicorn.Server):
    """uvicorn's, but it leaves signals to us and says when it is ready."""

    def __init__(self, app: ASGIApp, started: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                http=Protocol,
                ws="none",
                h11_max_incomplete_event_size=LONGEST_HEAD,
                limit_concurrency=CONNECTIONS,
                timeout_graceful_shutdown=_GRACE,
            )
        )
        self._tell = started

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._tell()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def _stopping(server: uvicorn.Server) -> Iterator[None]:
    """SIGINT and SIGTERM end the server, a second one at once."""

    def stop(_: int, __: FrameType | None) -> None:
        server.force_exit = server.should_exit
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
