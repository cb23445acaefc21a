"""Headers of replay's answers. Nothing of an archived reply's head gets out but what is named here.

Archived pages are hostile. What keeps them in: the frame's sandbox (an origin of its own, no pop-ups, forms or
downloads), the Content-Security-Policy (nothing but other captures), and Connection-Allowlist, where the browser
knows it, for what no policy governs: WebRTC and preconnect.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .terms import Terms

__all__ = ["LINKS", "Headers", "Pair", "clean"]

Pair = tuple[str, str]

LINKS = "X-Newswarc-Link"
"""Where our own Link header waits until the archived ones are thrown away."""

_KEPT = {"content-type", "content-encoding", "content-language", "content-range", "accept-ranges", "location", "vary"}
_KEPT |= {"memento-datetime"}
_FRAMES = {"if_", "fr_"}
"""pywb's marks of what is shown in a frame of the page."""

_POWERS = """
    accelerometer attribution-reporting autoplay browsing-topics camera clipboard-read
    captured-surface-control clipboard-write compute-pressure cross-origin-isolated digital-credentials-get hid midi
    display-capture encrypted-media fullscreen gamepad geolocation gyroscope identity-credentials-get idle-detection
    join-ad-interest-group keyboard-map language-detector local-fonts local-network-access magnetometer microphone
    otp-credentials payment picture-in-picture private-aggregation private-state-token-issuance
    private-state-token-redemption publickey-credentials-create publickey-credentials-get run-ad-auction
    screen-wake-lock serial shared-storage shared-storage-select-url speaker-selection storage-access summarizer
    translator usb window-management xr-spatial-tracking
""".split()
_ALWAYS: list[Pair] = [
    ("Connection-Allowlist", "(response-origin)"),
    ("Permissions-Policy", ", ".join(f"{power}=()" for power in _POWERS)),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-DNS-Prefetch-Control", "off"),
    ("X-Robots-Tag", "noindex, nofollow"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
]
_STILL = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
"""The policy of what runs nothing and loads nothing."""
_CHROMIUM = re.compile(r"Chrome/(\d{1,6})\.")
_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
_NEAR_THE_TOP = 8192


class Headers:
    """Makes the header lists."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        strict = [("Strict-Transport-Security", "max-age=31536000")] if terms.origin.startswith("https:") else []
        self._always = [*_ALWAYS, *strict]
        self._scripts = f"{terms.origin}/-/static/"

    def of_capture(self, archived: Iterable[Pair], *, prefix: str, mod: str, browser: str) -> list[Pair]:
        """For a capture, or a redirect to one.

        `prefix` is the first part of the path of a frame, empty where something else asks;
        `mod` is how it is shown, pywb's ``mp_``, ``im_`` and so on; `browser` its User-Agent.
        """
        headers = []
        for name, value in archived:
            if name.lower() == "location" and value.startswith("/"):  # pywb leaves it as short as it was
                headers.append((name, self._terms.origin + clean(value)))
            elif name.lower() in _KEPT or name.lower().startswith("x-archive-orig-"):
                headers.append((name, clean(value)))
            elif name == LINKS and not prefix:  # they would tell the token
                headers.append(("Link", clean(value)))
        kind = next((value for name, value in headers if name.lower() == "content-type"), "")
        if self._terms.users:
            headers.append(("Cache-Control", "private, no-store"))
        return [*headers, *self._always, *(self._in_frame(prefix, kind, mod, browser) if prefix else self._alone())]

    def own(self, kind: str = "text/html; charset=utf-8") -> list[Pair]:
        """For a page or a script of ours."""
        return [
            ("Content-Type", kind),
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", f"{_STILL}; frame-ancestors {self._terms.room}"),
            ("Cross-Origin-Resource-Policy", "cross-origin"),
            *self._always,
        ]

    def cors(self, origin: str | None, wanted: str | None) -> list[Pair]:
        """For a request under the token: fonts, modules and fetch() ask so, and a sandboxed page's origin is null.

        `wanted` are headers that a preflight asks for.
        """
        if origin != "null":
            return [("Vary", "Origin")]
        return [
            ("Vary", "Origin"),
            ("Access-Control-Allow-Origin", "null"),
            ("Access-Control-Allow-Credentials", "true"),
            *([("Access-Control-Allow-Headers", clean(wanted))] if wanted else []),
        ]

    def _in_frame(self, prefix: str, kind: str, mod: str, browser: str) -> list[Pair]:
        here, ours = f"{self._terms.origin}/{prefix}/", self._scripts
        # Only where our own script ran first may others follow: nothing is put in front of those in SVG or XML.
        run = self._may_run(browser) and _is_html(kind) and mod != "id_"
        sandbox = "sandbox allow-scripts" if run else "sandbox"
        scripts = f"'unsafe-inline' 'unsafe-eval' {here} {ours}" if run else "'none'"
        policy = (
            f"{sandbox}; default-src 'none'; script-src {scripts}; style-src 'unsafe-inline' {here}; "
            f"img-src {here} data: blob:; media-src {here} data: blob:; font-src {here} data:; connect-src {here}; "
            f"frame-src {here}; worker-src 'none'; object-src 'none'; manifest-src 'none'; form-action 'none'; "
            f"base-uri {here}"
        )
        if mod not in _FRAMES:  # a frame in a frame has a sandboxed page above it, whose origin no list can name
            policy += f"; frame-ancestors {self._terms.room}"
        return [("Content-Security-Policy", policy), ("Cross-Origin-Resource-Policy", "cross-origin")]

    def _may_run(self, browser: str) -> bool:
        if self._terms.scripts != "held":
            return self._terms.scripts == "always"
        version = _CHROMIUM.search(browser)
        return version is not None and int(version[1]) >= self._terms.holds

    def _alone(self) -> list[Pair]:
        return [
            ("Content-Security-Policy", f"{_STILL}; frame-ancestors 'none'"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
        ]


def with_charset(headers: list[Pair], beginning: bytes) -> list[Pair]:
    """The same, with the charset that an HTML page declares: our insert may push that out of the browser's sight."""
    for number, (name, value) in enumerate(headers):
        if name.lower() == "content-type" and _is_html(value) and "charset" not in value.lower():
            if declared := _DECLARED.search(beginning[:_NEAR_THE_TOP]):
                charset = declared[1].decode("ascii").lower()
                charset = "utf-8" if charset.startswith("utf-16") else charset  # as the HTML standard has it
                return [*headers[:number], (name, f"{value}; charset={charset}"), *headers[number + 1 :]]
            break
    return headers


def clean(value: str) -> str:
    """A header's value without what would end it, in Latin-1 as WSGI wants it."""
    value = "".join(c for c in value if c >= " " and c != "\x7f")
    if all(c <= "\xff" for c in value):
        return value
    return value.encode("utf-8", "surrogateescape").decode("latin-1")


def _is_html(kind: str) -> bool:
    return kind.partition(";")[0].strip().lower() in ("text/html", "application/xhtml+xml", "application/xhtml")
