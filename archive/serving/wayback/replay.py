"""`Replay`: pywb's rewriting and Memento answers over the catalogue and the WARC files of one store."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pywb.utils.canonicalize
from pywb.apps.rewriterapp import RewriterApp
from pywb.apps.wbrequestresponse import WbResponse
from pywb.rewrite.templateview import JinjaEnv
from pywb.rewrite.wburl import WbUrl
from pywb.utils.memento import MementoUtils
from pywb.utils.wbexception import LiveResourceException
from pywb.warcserver.index.cdxobject import CDXObject
from pywb.warcserver.index.fuzzymatcher import FuzzyMatcher
from warcio.timeutils import datetime_to_http_date, iso_date_to_datetime, timestamp_now, timestamp_to_sec

from .codings import is_known_coding
from .headers import LINKS
from .index import CatalogueIndex
from .keys import surt
from .problems import Problem
from .records import Records

__all__ = ["Replay"]

# The library that pywb takes its keys from asks a name server about addresses like http://999.1/.
pywb.utils.canonicalize.surt = SimpleNamespace(surt=surt)

_REWRITTEN = {"mp_", "if_", "fr_", "js_", "cs_"}
"""pywb's marks of what it has to read to show it."""


class Replay(RewriterApp):
    """Shows captures. Never fetches, never writes, keeps no cookies."""

    def __init__(self, index: CatalogueIndex, records: Records, *, exact: bool) -> None:
        """`exact` leads to the very time of a capture first; else what lies nearest is shown at once."""
        config = {"enable_memento": True, "redirect_to_exact": exact, "csp-header": ""}
        templates = JinjaEnv(paths=[str(Path(__file__).parent)], packages=[], globals={"static_path": "static"})
        templates.jinja_env.add_extension("jinja2.ext.i18n")
        super().__init__(framed_replay=True, jinja_env=templates, config=config)
        self.framed_replay = False  # the reading room has the frame
        self.head_insert_view.banner_view = None  # and the banner
        self._index, self._records = index, records
        self._fuzzy = FuzzyMatcher()

    def _init_cookie_tracker(self, redis: object = None) -> None:
        """Keep none."""

    def handle_custom_response(self, *_: object) -> None:
        """There are no pages but captures."""

    def handle_query(self, *_: object) -> None:
        """Lists of captures are in the reading room; machines ask for a TimeMap."""
        raise Problem("404 Not Found", "No list here", "The reading room lists the captures of an address.")

    def find(self, url: str, timestamp: str | None) -> list[CDXObject]:
        """Captures that may be shown for `url` at a time (14 digits; None: latest), best first."""
        timestamp = timestamp or timestamp_now()
        params = {"url": url, "closest": timestamp, "matchType": "exact", "nosource": "true"}
        found, _ = self._fuzzy(self._index, params)
        wanted = timestamp_to_sec(timestamp)
        rows = sorted(found, key=lambda cdx: abs(timestamp_to_sec(cdx["timestamp"]) - wanted))
        if not rows:
            raise Problem("404 Not Found", "Not in the archive", f"The archive has no capture of {url}.")
        return rows

    def _do_req(self, inputreq: Any, wb_url: WbUrl, kwargs: object, skip_record: object) -> SimpleNamespace:
        """The capture to show, in the shape in which pywb gets it from its own server over HTTP."""
        params = {"url": wb_url.url}
        for cdx in self.find(wb_url.url, None if wb_url.is_latest_replay() else wb_url.timestamp):
            try:
                warc_headers, http_headers, payload = self._records.load_resource(cdx, params)
            except LiveResourceException:
                continue
            if wb_url.mod in _REWRITTEN and not is_known_coding(http_headers or b""):
                raise Problem(
                    "500 Internal Server Error",
                    "This capture can't be shown",
                    "Its bytes are coded in a way that pywb's environment can't undo; they are kept as they came.",
                )
            moment = iso_date_to_datetime(warc_headers.get_header("WARC-Date"))
            headers = {
                "Warcserver-Cdx": cdx.to_cdxj().rstrip(),
                "Memento-Datetime": datetime_to_http_date(moment),
                "WARC-Target-URI": warc_headers.get_header("WARC-Target-URI"),
            }
            raw = _Joined(warc_headers.to_bytes() + (http_headers or b""), payload)
            return SimpleNamespace(status_code=200, headers=headers, raw=raw)
        text = f"Every capture of {wb_url.url} near that time redirects to itself."
        raise Problem("404 Not Found", "A redirect in a circle", text)

    def handle_timemap(self, wb_url: WbUrl, kwargs: dict[str, Any], full_prefix: str) -> WbResponse:
        """The TimeMap of an address in link format (RFC 7089, section 5)."""
        params = {"url": wb_url.url, "matchType": "exact", "nosource": "true"}
        rows, _ = self._index(params)
        form = full_prefix + "{timestamp}mp_/{url}"
        text = "".join(MementoUtils.make_timemap(rows, {"memento_format": form}))
        if not text:
            raise Problem("404 Not Found", "Not in the archive", f"The archive has no capture of {wb_url.url}.")
        gate, self_ = self._get_timegate_timemap(wb_url.url, full_prefix, "")
        text = MementoUtils.wrap_timemap_header(wb_url.url, gate, self_, text)
        return WbResponse.text_response(text, content_type="application/link-format")

    def _add_memento_links(
        self, url: str, full_prefix: str, memento_dt: Any, memento_ts: Any, headers: Any, *args: Any, **named: Any
    ) -> None:
        """pywb's headers in the place of any that the archived reply had."""
        archived = {"link", "memento-datetime", "vary", LINKS.lower()}
        headers.headers = [pair for pair in headers.headers if pair[0].lower() not in archived]
        super()._add_memento_links(url, full_prefix, memento_dt, memento_ts, headers, *args, **named)
        headers.headers = [(LINKS if name == "Link" else name, value) for name, value in headers.headers]


class _Joined:
    """Bytes, then a stream."""

    def __init__(self, first: bytes, rest: Any) -> None:
        self._first, self._rest = BytesIO(first), rest

    def read(self, size: int = -1) -> bytes:
        return self._first.read(size) or self._rest.read(size)

    def close(self) -> None:
        self._rest.close()
