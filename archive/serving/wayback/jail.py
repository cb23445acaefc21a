"""`Jail`: the WSGI application around replay. It decides who may see what, and sets every header itself.

Archived pages are hostile. They come under a path that nobody can guess (the token) and are shown in a frame
of the reading room, which gives them an origin of their own; here a Content-Security-Policy keeps them from
reaching anything but other captures. Nothing of an archived reply's head gets out but what is named here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pywb
from pywb.rewrite.wburl import WbUrl
from pywb.utils.wbexception import WbException

from .problems import Problem, page
from .replay import LINK_HEADER, Replay

__all__ = ["Jail", "Terms"]

StartResponse = Callable[[str, list[tuple[str, str]]], object]

PUBLIC = "web"
"""First part of the addresses for Memento clients and other tools."""
_OWN = "-"
_HERE = Path(__file__).parent
_STATIC = {"jail.js": _HERE / "jail.js", "wombat.js": Path(pywb.__file__).parent / "static" / "wombat.js"}

_PASSED = {"content-type", "content-encoding", "content-language", "content-range", "accept-ranges", "location", "vary"}
_PASSED |= {"memento-datetime", "preference-applied"}
_ASKED = {"ACCEPT", "ACCEPT_DATETIME", "ACCEPT_ENCODING", "ACCEPT_LANGUAGE", "RANGE", "USER_AGENT"}
_ASKED |= {"X_REQUESTED_WITH", "X_PYWB_REQUESTED_WITH"}
_CODINGS = "gzip, x-gzip, deflate, br, zstd, compress, identity"
_PARTS = {"im_", "js_", "cs_", "oe_", "fr_", "wkrf_"}
"""pywb's marks of a page's parts, which are shown without a redirect to their own time."""
_FRAMES = {"if_", "fr_"}
_WORKERS = {"serviceworker", "sharedworker", "worker", "wkr_", "sw_"}

_POWERS = """
    accelerometer ambient-light-sensor attribution-reporting autoplay bluetooth browsing-topics camera captured-surface-control
    clipboard-read clipboard-write compute-pressure cross-origin-isolated digital-credentials-get display-capture
    encrypted-media fullscreen gamepad geolocation gyroscope hid identity-credentials-get idle-detection join-ad-interest-group
    keyboard-map language-detector local-fonts local-network-access magnetometer microphone midi otp-credentials payment
    picture-in-picture private-aggregation private-state-token-issuance private-state-token-redemption
    publickey-credentials-create publickey-credentials-get run-ad-auction screen-wake-lock serial shared-storage
    shared-storage-select-url speaker-selection storage-access summarizer sync-xhr translator unload usb web-share
    window-management xr-spatial-tracking
""".split()
_ALWAYS = [
    ("Permissions-Policy", ", ".join(f"{power}=()" for power in _POWERS)),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-DNS-Prefetch-Control", "off"),
    ("X-Robots-Tag", "noindex, nofollow"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    # The only thing that holds WebRTC and preconnect; Chromium knows it.
    ("Connection-Allowlist", "(response-origin)"),
]


class Terms(NamedTuple):
    """Under which names and for whom replay is served."""

    origin: str
    """The public origin of replay: ``http://localhost:8091``."""
    room: str
    """The public origin of the reading room."""
    framers: tuple[str, ...]
    """Origins that may frame a capture: the reading room's."""
    hosts: tuple[str, ...]
    """Values of the Host header that are answered; others than that of `origin` are led to it."""
    token: str


class Jail:
    """Routes, checks and headers."""

    def __init__(self, terms: Terms, exact: Replay, direct: Replay) -> None:
        """`exact` answers for whole pages, `direct` for their parts."""
        self._terms = terms
        self._exact, self._direct = exact, direct
        self._host = terms.origin.partition("://")[2]

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """The WSGI application."""
        closing: Callable[[], None] | None = None
        try:
            status, headers, body = self._answer(environ)
            closing = getattr(body, "close", None)
            body = iter(body)
            first = next(body, b"")  # what fails at once still gets a page
        except Problem as problem:
            if closing:
                closing()
            status, headers, first, body = problem.status, self._own_headers(environ), page(problem), iter(())
            if isinstance(problem, _Moved):
                headers.append(("Location", problem.address))
        except (WbException, ValueError, LookupError, OSError, AttributeError, TypeError) as error:
            print(f"{environ.get('REQUEST_URI', '')[:200]}: {error!r}", file=sys.stderr, flush=True)
            problem = Problem("500 Internal Server Error", "This capture can't be shown", "pywb can't replay it.")
            status, headers, first, body = problem.status, self._own_headers(environ), page(problem), iter(())
        start_response(status, headers)
        return _Body(first, body, closing) if environ["REQUEST_METHOD"] != "HEAD" else _Body(b"", iter(()), closing)

    # Who is asking for what

    def _answer(self, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], Any]:
        target = str(environ["REQUEST_URI"])
        first, _, rest = target.removeprefix("/").partition("/")
        if target == f"/{_OWN}/health":
            return "200 OK", self._own_headers(environ, "application/json"), [json.dumps({"up": True}).encode()]
        self._check_host(environ, target)
        if environ["REQUEST_METHOD"] == "OPTIONS" and first == self._terms.token:
            return "204 No Content", [*_ALWAYS, *self._cors(environ), ("Access-Control-Max-Age", "600")], []
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            raise Problem("405 Method Not Allowed", "Only GET", "The archive is read only.")
        if environ.get("HTTP_SERVICE_WORKER") or environ.get("HTTP_SEC_FETCH_DEST") in _WORKERS:
            raise Problem("403 Forbidden", "No workers", "An archived page gets no worker.")
        if first == _OWN:
            return self._static(environ, rest.removeprefix("static/"))
        if not rest or first not in (PUBLIC, self._terms.token):
            if first and first not in (PUBLIC, self._terms.token):
                text = "This address was of an earlier run of scrapy serve. Open the page again in the reading room."
                raise Problem("404 Not Found", "No such address", text)
            return self._lead_to(environ, self._terms.room + "/")
        return self._replay(environ, first, rest)

    def _check_host(self, environ: dict[str, Any], target: str) -> None:
        host = environ.get("HTTP_HOST", "").lower()
        if host == self._host:
            return
        if host in self._terms.hosts and target.startswith("/"):
            raise _Moved(self._terms.origin + target)
        raise Problem("421 Misdirected Request", "Not here", "This server doesn't answer for that host name.")

    def _replay(self, environ: dict[str, Any], prefix: str, rest: str) -> tuple[str, list[tuple[str, str]], Any]:
        framed = prefix == self._terms.token
        timemap = rest.startswith("timemap/link/")
        try:
            wanted = WbUrl(rest.removeprefix("timemap/link/").replace("#", "%23"))
        except Exception as error:  # noqa: BLE001 - pywb raises the bare class
            raise Problem("400 Bad Request", "No such address", "This is no address of a capture.") from error
        dest = environ.get("HTTP_SEC_FETCH_DEST")
        if dest == "document" and not timemap and wanted.mod != "id_":
            query = f"url={quote(wanted.url, safe='')}&at={wanted.timestamp}"
            return self._lead_to(environ, f"{self._terms.room}/replay?{query}")
        if not framed and dest not in (None, "document") and environ.get("HTTP_SEC_FETCH_SITE") not in (None, "none"):
            raise Problem("403 Forbidden", "Not from a page", "Other pages can't use the archive; open it by itself.")
        if not wanted.mod:
            wanted.mod = "mp_"
        app = self._direct if framed and wanted.mod in _PARTS else self._exact
        asked = self._asked(environ, prefix, identity=wanted.mod == "id_")
        options = {"coll": prefix, "type": "replay", **({"output": "link"} if timemap else {})}
        response = app.render_content(str(wanted), options, asked)
        headers = self._passed(response.status_headers.headers, framed=framed)
        code = response.status_headers.get_statuscode()
        status = "302 Found" if code == "307" else f"{code} {_reason(response.status_headers.statusline)}"
        shown = wanted.mod, dict((n.lower(), v) for n, v in headers).get("content-type", "")
        headers += [*_ALWAYS, *self._cors(environ), *self._policy(environ, framed=framed, shown=shown)]
        return status, headers, _no_body(response.body) if code in ("204", "304") else response.body

    def _asked(self, environ: dict[str, Any], prefix: str, *, identity: bool) -> dict[str, Any]:
        """The request as pywb sees it: without cookies, origins and whatever else could steer it."""
        asked = {f"HTTP_{name}": environ[f"HTTP_{name}"] for name in _ASKED if f"HTTP_{name}" in environ}
        asked |= {k: v for k, v in environ.items() if k.startswith("wsgi.")}
        asked |= {
            "REQUEST_METHOD": "GET",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SCRIPT_NAME": f"/{prefix}",
            "PATH_INFO": "/",
            "QUERY_STRING": "",
            "HTTP_HOST": self._host,
            "pywb.host_prefix": self._terms.origin,
            "pywb.app_prefix": f"/{prefix}",
            "pywb.static_prefix": f"{self._terms.origin}/{_OWN}/static",
            "wsgi.url_scheme": self._terms.origin.partition(":")[0],
        }
        if identity:  # the bytes as they were kept, whatever coding they are in
            asked["HTTP_ACCEPT_ENCODING"] = _CODINGS
        return asked

    # Headers

    def _passed(self, archived: list[tuple[str, str]], *, framed: bool) -> list[tuple[str, str]]:
        """What of the archived reply's head gets out; the rest only as X-Archive-Orig-*, to read."""
        headers = [(n, _clean(v)) for n, v in archived if n.lower() in _PASSED or n.lower().startswith("x-archive-orig-")]
        if not framed:
            headers += [("Link", _clean(v)) for n, v in archived if n == LINK_HEADER]
        return headers

    def _policy(
        self, environ: dict[str, Any], *, framed: bool, shown: tuple[str, str]
    ) -> list[tuple[str, str]]:
        """The Content-Security-Policy and who may embed the reply."""
        mod, kind = shown
        if not framed:
            download = [("Content-Disposition", "attachment")] if environ.get("HTTP_SEC_FETCH_DEST") == "document" else []
            return [
                ("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
                ("Cross-Origin-Resource-Policy", "same-origin"),
                *download,
            ]
        here, own = f"{self._terms.origin}/{self._terms.token}/", f"{self._terms.origin}/{_OWN}/static/"
        # Only where our own script ran first may others follow: nothing is put in front of SVG or XML.
        scripts = f"'unsafe-inline' 'unsafe-eval' {here} {own}" if _is_html(kind) and mod != "id_" else "'none'"
        # Frames in frames have a sandboxed page as ancestor, whose origin no list can name.
        ancestors = "" if mod in _FRAMES else f"; frame-ancestors {' '.join(self._terms.framers)}"
        policy = (
            f"sandbox allow-scripts; default-src 'none'; script-src {scripts}; style-src 'unsafe-inline' {here}; "
            f"img-src {here} data: blob:; media-src {here} data: blob:; font-src {here} data:; connect-src {here}; "
            f"frame-src {here}; worker-src 'none'; object-src 'none'; manifest-src 'none'; form-action 'none'; "
            f"base-uri {here}{ancestors}"
        )
        return [("Content-Security-Policy", policy), ("Cross-Origin-Resource-Policy", "cross-origin")]

    def _cors(self, environ: dict[str, Any]) -> list[tuple[str, str]]:
        """Fonts, modules and fetch() ask by CORS, and a sandboxed page has the origin null. Who knows the token, is one."""
        target = str(environ["REQUEST_URI"])
        if environ.get("HTTP_ORIGIN") != "null" or not target.startswith(f"/{self._terms.token}/"):
            return [("Vary", "Origin")]
        wanted = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "")
        return [
            ("Vary", "Origin"),
            ("Access-Control-Allow-Origin", "null"),
            ("Access-Control-Allow-Credentials", "true"),
            *([("Access-Control-Allow-Headers", _clean(wanted))] if wanted else []),
        ]

    def _own_headers(self, environ: dict[str, Any], kind: str = "text/html; charset=utf-8") -> list[tuple[str, str]]:
        ancestors = " ".join(self._terms.framers)
        policy = f"sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors {ancestors}"
        return [
            ("Content-Type", kind),
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", policy),
            ("Cross-Origin-Resource-Policy", "cross-origin"),
            *_ALWAYS,
            *self._cors(environ),
        ]

    def _lead_to(self, environ: dict[str, Any], address: str) -> tuple[str, list[tuple[str, str]], Any]:
        return "303 See Other", [("Location", address), *self._own_headers(environ)], []

    def _static(self, environ: dict[str, Any], name: str) -> tuple[str, list[tuple[str, str]], Any]:
        if (path := _STATIC.get(name)) is None:
            raise Problem("404 Not Found", "No such address", "There is nothing here.")
        headers = [pair for pair in self._own_headers(environ, "text/javascript; charset=utf-8") if pair[0] != "Cache-Control"]
        return "200 OK", [*headers, ("Cache-Control", "max-age=3600")], [path.read_bytes()]


class _Moved(Problem):
    """A request under another name of this server."""

    def __init__(self, address: str) -> None:
        super().__init__("308 Permanent Redirect", "Here", address)
        self.address = address


class _Body:
    """A reply's body that ends quietly when the archived bytes can't be read on."""

    def __init__(self, first: bytes, rest: Iterator[bytes], close: Callable[[], None] | None) -> None:
        self._first, self._rest, self._close = first, rest, close

    def __iter__(self) -> Iterator[bytes]:
        if self._first:
            yield self._first
        yield from self._rest

    def close(self) -> None:
        """Let go of the file."""
        if self._close:
            self._close()


def _no_body(body: Any) -> list[bytes]:
    if hasattr(body, "close"):
        body.close()
    return []


def _is_html(kind: str) -> bool:
    return kind.partition(";")[0].strip().lower() in ("text/html", "application/xhtml+xml", "application/xhtml")


def _clean(value: str) -> str:
    """A header's value without what would end it, in Latin-1 as WSGI wants it."""
    printable = "".join(c for c in value if c >= " " and c != "\x7f")
    return printable.encode("utf-8", "surrogateescape").decode("latin-1") if any(c > "\xff" for c in printable) else printable


def _reason(statusline: str) -> str:
    reason = _clean(statusline.partition(" ")[2])
    return reason if reason.isascii() and reason else "Archived"
