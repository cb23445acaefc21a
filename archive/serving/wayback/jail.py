"""`Jail`: the WSGI application around replay. It decides who may see what.

Two ways lead to a capture: ``/web/...`` for Memento clients and other tools, which runs nothing, and
``/<token>/...`` for the frames of the reading room, whose scripts run, jailed (`headers`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pywb
from pywb.rewrite.wburl import WbUrl
from pywb.utils.wbexception import UpstreamException

from .access import Access
from .headers import Headers, Pair, clean, with_charset
from .problems import Moved, Problem, page
from .replay import Replay
from .terms import Terms

__all__ = ["Jail"]

Environ = dict[str, Any]
Answer = tuple[str, list[Pair], Iterable[bytes]]
StartResponse = Callable[[str, list[Pair]], object]

_PUBLIC, _OWN = "web", "-"
_TIMEMAP = "timemap/link/"
_HERE = Path(__file__).parent
_STATIC = {"jail.js": _HERE / "jail.js", "wombat.js": Path(pywb.__file__).parent / "static" / "wombat.js"}
_PARTS = {"im_", "js_", "cs_", "oe_", "fr_", "wkrf_"}
"""pywb's marks of a page's parts: what lies nearest in time is shown without a redirect."""
_WORKERS = {"serviceworker", "sharedworker", "worker"}
_TOLD = {"ACCEPT", "ACCEPT_DATETIME", "ACCEPT_ENCODING", "ACCEPT_LANGUAGE", "RANGE", "USER_AGENT"}
_TOLD |= {"X_REQUESTED_WITH", "X_PYWB_REQUESTED_WITH"}
_ANY_CODING = "gzip, x-gzip, deflate, br, zstd, compress, identity"


class Jail:
    """Routes, checks, and pages of ours for what goes wrong."""

    def __init__(self, terms: Terms, exact: Replay, direct: Replay) -> None:
        """`exact` answers for whole pages, `direct` for their parts."""
        self._terms = terms
        self._exact, self._direct = exact, direct
        self._access = Access(terms)
        self._headers = Headers(terms)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """The WSGI application."""
        status, headers, body, first = self._safely(environ)
        if self._access.opens_frames(str(environ["REQUEST_URI"])[1:].partition("/")[0]):
            wanted = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS")
            headers = [*headers, *self._headers.cors(environ.get("HTTP_ORIGIN"), wanted)]
        start_response(status, headers)
        return _Body(body, b"", iter(())) if environ["REQUEST_METHOD"] == "HEAD" else _Body(body, first, iter(body))

    def _safely(self, environ: Environ) -> tuple[str, list[Pair], Any, bytes]:
        """The answer and its first bytes: what fails at once still gets a page."""
        body: Any = None
        try:
            status, headers, body = self._answer(environ)
            body = _Pulled(body)
            first = next(iter(body), b"")
            return status, with_charset(headers, first), body, first
        except Problem as error:
            problem = error
        except UpstreamException as error:
            problem = Problem(error.status(), "That can't be asked for", f"{error.msg}.")
        except Exception as error:  # noqa: BLE001 - pywb raises what it likes; a page says that it failed
            print(f"{clean(str(environ.get('REQUEST_URI')))[:200]}: {error!r}", file=sys.stderr, flush=True)
            problem = Problem("500 Internal Server Error", "This capture can't be shown", "pywb can't replay it.")
        if body is not None:
            body.close()
        location = [("Location", problem.address)] if isinstance(problem, Moved) else []
        return problem.status, [*self._headers.own(), *location, *problem.headers], _Pulled([]), page(problem)

    def _answer(self, environ: Environ) -> Answer:
        target = str(environ["REQUEST_URI"])
        first, _, rest = target.removeprefix("/").partition("/")
        if target == f"/{_OWN}/health":
            return "200 OK", self._headers.own("application/json"), [json.dumps({"up": True}).encode()]
        self._check_host(environ, target)
        self._access.check_rate(environ)
        is_frame = self._access.opens_frames(first)
        if environ["REQUEST_METHOD"] == "OPTIONS" and is_frame:
            return "204 No Content", [("Access-Control-Max-Age", "600")], []
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            raise Problem("405 Method Not Allowed", "Only GET", "The archive can only be read.")
        if environ.get("HTTP_SERVICE_WORKER") or environ.get("HTTP_SEC_FETCH_DEST") in _WORKERS:
            raise Problem("403 Forbidden", "No workers", "An archived page gets no worker.")
        if first == _OWN:
            return self._static(rest.removeprefix("static/"))
        if (is_frame or first == _PUBLIC) and rest:
            return self._capture(environ, first, rest, framed=is_frame)
        if is_frame or first in (_PUBLIC, ""):
            raise Moved("303 See Other", f"{self._terms.room}/")
        text = "This address was good for a while only. Open the page again in the reading room."
        raise Problem("404 Not Found", "No such address", text)

    def _check_host(self, environ: Environ, target: str) -> None:
        host = str(environ.get("HTTP_HOST", "")).lower()
        if host == self._terms.host:
            return
        if host in self._terms.hosts and target.startswith("/"):
            raise Moved("308 Permanent Redirect", self._terms.origin + target)
        raise Problem("421 Misdirected Request", "Not here", "This server doesn't answer for that host name.")

    def _static(self, name: str) -> Answer:
        if (path := _STATIC.get(name)) is None:
            raise Problem("404 Not Found", "No such address", "There is nothing here.")
        headers = [pair for pair in self._headers.own("text/javascript; charset=utf-8") if pair[0] != "Cache-Control"]
        return "200 OK", [*headers, ("Cache-Control", "max-age=3600")], [path.read_bytes()]

    # Captures

    def _capture(self, environ: Environ, prefix: str, rest: str, *, framed: bool) -> Answer:
        timemap = rest.startswith(_TIMEMAP)
        wanted = _address(rest.removeprefix(_TIMEMAP))
        dest = environ.get("HTTP_SEC_FETCH_DEST")
        if dest == "document" and not timemap and wanted.mod != "id_":
            query = f"url={quote(wanted.url, safe='')}&at={wanted.timestamp}"
            raise Moved("303 See Other", f"{self._terms.room}/replay?{query}")
        if not framed and environ.get("HTTP_SEC_FETCH_SITE", "none") != "none" and dest != "document":
            raise Problem("403 Forbidden", "Not from a page", "Other pages can't use the archive.")
        if not framed:
            self._access.check_program(environ)
        if dest == "script" and environ.get("HTTP_SEC_FETCH_MODE") == "cors":
            wanted.mod = "id_"  # a module, which pywb's wrapping would break
        app = self._direct if framed and wanted.mod in _PARTS else self._exact
        options = {"coll": prefix, "type": "replay", **({"output": "link"} if timemap else {})}
        asked = self._asked(environ, prefix, as_kept=wanted.mod == "id_" and not framed)
        response = app.render_content(str(wanted), options, asked)
        code = response.status_headers.get_statuscode()
        browser = str(environ.get("HTTP_USER_AGENT", ""))
        archived = response.status_headers.headers
        headers = self._headers.of_capture(archived, prefix=prefix if framed else "", mod=wanted.mod, browser=browser)
        if dest == "document" and not timemap:
            headers.append(("Content-Disposition", "attachment"))
        body = response.body
        if code in ("204", "205", "304"):
            _close(body)
            body = []
        # pywb leads to the exact time with 307, RFC 7089 (4.1) has 302 for that.
        status = "302 Found" if code == "307" and timemap is False else f"{code} {_reason(response.status_headers)}"
        return status, headers, body

    def _asked(self, environ: Environ, prefix: str, *, as_kept: bool) -> Environ:
        """The request as pywb sees it: without cookies, origins and whatever else could steer it."""
        asked = {f"HTTP_{name}": environ[f"HTTP_{name}"] for name in _TOLD if f"HTTP_{name}" in environ}
        asked |= {name: value for name, value in environ.items() if name.startswith("wsgi.")}
        asked |= {
            "REQUEST_METHOD": "GET",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SCRIPT_NAME": f"/{prefix}",
            "PATH_INFO": "/",
            "QUERY_STRING": "",
            "HTTP_HOST": self._terms.host,
            "pywb.host_prefix": self._terms.origin,
            "pywb.app_prefix": f"/{prefix}",
            "pywb.static_prefix": f"{self._terms.origin}/{_OWN}/static",
            "wsgi.url_scheme": self._terms.origin.partition(":")[0],
        }
        if as_kept:  # whatever coding the bytes are in
            asked["HTTP_ACCEPT_ENCODING"] = _ANY_CODING
        return asked


class _Pulled:
    """A reply's body, of which the first piece may have been taken."""

    def __init__(self, body: Any) -> None:
        self._body = body
        self._rest: Iterator[bytes] = iter(body)

    def __iter__(self) -> Iterator[bytes]:
        return self._rest

    def close(self) -> None:
        """Let go of the file behind it."""
        _close(self._body)


class _Body:
    """What the server sends: the first piece, then the rest."""

    def __init__(self, body: _Pulled, first: bytes, rest: Iterator[bytes]) -> None:
        self._body, self._first, self._rest = body, first, rest

    def __iter__(self) -> Iterator[bytes]:
        if self._first:
            yield self._first
        yield from self._rest

    def close(self) -> None:
        """The server calls it at the end, however that came."""
        self._body.close()


def _address(rest: str) -> WbUrl:
    try:
        wanted = WbUrl(rest.replace("#", "%23"))
        urlsplit(wanted.url)
    except Exception as error:  # pywb raises the bare class
        raise Problem("400 Bad Request", "No such address", "This is no address of a capture.") from error
    if not wanted.mod:
        wanted.mod = "mp_"
    return wanted


def _close(body: Any) -> None:
    if hasattr(body, "close"):
        body.close()


def _reason(status_headers: Any) -> str:
    reason = clean(status_headers.statusline.partition(" ")[2])
    return reason if reason and reason.isascii() else "Archived"
