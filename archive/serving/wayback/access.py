"""`Access`: who may see what replay has. `archive.access` is loaded by its place, as `keys` does it."""

from __future__ import annotations

import hmac
import importlib.util
import sys
from pathlib import Path
from typing import Any

from .problems import Problem
from .terms import Terms

__all__ = ["Access"]

_HERE = Path(__file__).parents[2] / "access"
_BUSY_FACTOR = 20
"""A page brings hundreds of files along."""


def _load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"newswarc_{name}", _HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where annotations are looked up
    spec.loader.exec_module(module)
    return module


accounts, credentials, rate, tickets = (_load(name) for name in ("accounts", "credentials", "rate", "tickets"))


class Access:
    """Frames come with the reading room's path; programs, where there are users, with a token of one."""

    def __init__(self, terms: Terms) -> None:
        self._token = terms.token
        self._tickets = tickets.Tickets(bytes.fromhex(terms.key)) if terms.users else None
        self._accounts = accounts.Accounts(Path(terms.users)) if terms.users else None
        self._rate = rate.Rate(terms.rate * _BUSY_FACTOR, 60.0)
        self._proxies = rate.networks(terms.proxies)

    def opens_frames(self, first: str) -> bool:
        """Whether a path that begins so is one that the reading room gave a frame."""
        if self._tickets is not None:
            return bool(self._tickets.is_good(first))
        return hmac.compare_digest(first.encode("utf-8", "surrogatepass"), self._token.encode())

    def check_rate(self, environ: dict[str, Any]) -> None:
        """Raise `Problem` for an address that asks too much."""
        forwarded = environ.get("HTTP_X_FORWARDED_FOR")
        client = rate.client_of(str(environ.get("REMOTE_ADDR", "")), [forwarded] if forwarded else [], self._proxies)
        if seconds := self._rate.take(client):
            again = max(1, round(seconds))
            text = f"Too many requests; please try again in {again} s."
            raise Problem("429 Too Many Requests", "Too many requests", text, [("Retry-After", str(again))])

    def check_program(self, environ: dict[str, Any]) -> None:
        """Raise `Problem` for what has no token, where one is needed."""
        if self._accounts is None:
            return
        try:
            user = self._accounts.by_token(credentials.token_of(str(environ.get("HTTP_AUTHORIZATION", ""))))
        except accounts.AccountsError as error:
            text = "The list of users can't be read."
            raise Problem("503 Service Unavailable", "Nobody can be let in", text) from error
        if user is None:
            challenge = [("WWW-Authenticate", 'Bearer realm="newswarc"')]
            if "HTTP_SEC_FETCH_MODE" not in environ:  # a browser would ask its reader for a password
                challenge.append(("WWW-Authenticate", 'Basic realm="newswarc"'))
            text = "Pages are seen in the reading room; programs send a token: Authorization: Bearer ... ."
            raise Problem("401 Unauthorized", "Who are you?", text, challenge)
