"""The catalogue's tables. Everything in them is read from the WARC files and can be read again."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text, text

VERSION = 5
"""Raised when a table changes; an older catalogue is then rebuilt from the WARC files."""

REQUISITES = "mime LIKE 'image/%' OR mime LIKE 'font/%' OR mime = 'text/css'"
"""Captures of what pages load; an index has them, which SQLite uses where a query says the same in these words."""

metadata = MetaData()

files = Table(
    "files",
    metadata,
    Column("name", Text, primary_key=True),
    Column("run", Text),
    Column("indexed", Integer, nullable=False),  # bytes of the file that the catalogue knows
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False, index=True),
    Column("software", Text, nullable=False),
    Column("settings_digest", Text),
    Column("started", Text, nullable=False),
    Column("ended", Text),
    Column("reason", Text),
    Column("stats", Text),  # JSON, of the crawl
    Column("tally", Text),  # JSON of archive.tally.Tally
)

fetches = Table(
    "fetches",
    metadata,
    Column("id", Text, primary_key=True),  # the metadata record that tells of it
    Column("run", Text, nullable=False, index=True),
    Column("source", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("started", Text, nullable=False),
    Column("ended", Text, nullable=False),
    Column("outcome", Text, nullable=False),  # complete, truncated, or the kind of failure
    Column("error", Text),
    Column("status", Integer),
    Column("size", Integer, nullable=False),  # bytes received
    Column("capture", Text),
    Column("lead_kind", Text),
    Column("lead_via", Text),
    Index("fetches_by_source", "source", "started"),
    Index("fetches_by_url", "url", "started"),
    Index("fetches_of_listings", "source", "started", sqlite_where=text("lead_kind = 'source'")),
)

captures = Table(
    "captures",
    metadata,
    Column("id", Text, primary_key=True),
    Column("run", Text, nullable=False, index=True),
    Column("source", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("url_key", Text, nullable=False, index=True),
    Column("surt", Text, nullable=False),
    Column("date", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("mime", Text),
    Column("payload_digest", Text),
    Column("refers_to", Text, index=True),
    Column("truncated", Text),
    Column("file", Text, nullable=False),
    Column("offset", Integer, nullable=False),
    Column("length", Integer, nullable=False),
    Column("record_digest", Text, nullable=False),
    Column("etag", Text),  # of a GET that was answered with 200 or 304
    Column("last_modified", Text),  # as the server wrote it
    Column("rights", Text),  # JSON list of archive.rights.statement.Statement
    Index("captures_by_payload", "url", "payload_digest"),
    Index("captures_by_surt", "surt", "date"),
    Index("captures_by_date", "date", "file", "offset"),
    Index("captures_by_source", "source", "date"),
    Index("captures_requisites", "mime", sqlite_where=text(REQUISITES)),
)

leads = Table(
    "leads",
    metadata,
    Column("url", Text, primary_key=True),
    Column("capture", Text, primary_key=True),  # of the listing that announced it
    Column("run", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("via", Text, nullable=False),  # URL of the listing
    Column("kind", Text, nullable=False),  # feed, sitemap or section
    Column("seen", Text, nullable=False),  # WARC-Date of the listing
    Column("announced", Text),  # ISO 8601, the zone as given
    Column("title", Text),
    Column("summary", Text),
    Column("is_article", Boolean, nullable=False),  # by its form
    Index("leads_by_source", "source", "seen"),
)
"""What each listing announced anew: a URL, or another date or title of one."""

versions = Table(
    "versions",
    metadata,
    Column("id", Text, primary_key=True),  # the conversion record
    Column("article", Text, nullable=False, index=True),
    Column("capture", Text, nullable=False, index=True),
    Column("run", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("date", Text, nullable=False),  # of the capture
    Column("extracted", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("headline", Text),
    Column("published", Text),
    Column("modified", Text),
    Column("coverage_end", Text),
    Column("language", Text),
    Column("section", Text),
    Column("paywalled", Boolean),
    Column("fields", Text, nullable=False),  # names of those it has, see archive.health.measures
    Column("text_length", Integer, nullable=False),  # characters
    Column("agreement", Integer),  # thousandths, see archive.health.measures
    Column("second", Text),  # what it agrees with: json-ld or feed
    Column("site", Text, nullable=False),
    Column("lines", LargeBinary, nullable=False),  # see archive.furniture.furniture.pack
    Column("signature", LargeBinary, nullable=False),  # see archive.catalogue.likeness
    Column("text_digest", Text, nullable=False),
    Column("content_digest", Text, nullable=False),  # of headline, standfirst, text and a live blog's posts
    Column("rights", Integer, nullable=False),  # marks, see archive.rights.statement
    Column("removed", Integer, nullable=False),  # blocks of the page that are not in the text
    Column("is_quarantined", Boolean, nullable=False),  # as the troubles of its source say
    Column("file", Text, nullable=False),
    Column("offset", Integer, nullable=False),
    Column("length", Integer, nullable=False),
    Column("details_offset", Integer, nullable=False),  # of the JSON metadata record with all fields
    Column("details_length", Integer, nullable=False),
    Column("provenance_offset", Integer, nullable=False),
    Column("provenance_length", Integer, nullable=False),
    Index("versions_by_site", "site", "date"),
    Index("versions_by_source", "source", "site"),
    Index("versions_by_kind", "source", "kind", "date"),
    Index("versions_by_file", "file", "offset", "provenance_offset", "provenance_length"),
)

paragraphs = Table(
    "paragraphs",
    metadata,
    Column("paragraph", Integer, primary_key=True),  # see archive.furniture.furniture.paragraph_number
    Column("capture", Text, primary_key=True),
    sqlite_with_rowid=False,
)
"""The pages whose last reading has a paragraph; worked out from `versions.lines`, see archive.catalogue.paragraphs."""

troubles = Table(
    "troubles",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),  # of the articles; empty: of all pages
    Column("what", Text, nullable=False),
    Column("since", Text, nullable=False),  # WARC-Date of the first capture that shows it
    Column("until", Text),  # of the first one that shows it no more
    Column("found", Text, nullable=False),
    Column("ended", Text),
    Column("before", Float, nullable=False),
    Column("after", Float, nullable=False),
    Column("holds", Boolean, nullable=False),  # texts of captures since then and before `until` are in quarantine
    Column("decided", Text),  # kept or released, by a person
    Column("who", Text),
    Column("made", Text, nullable=False),
    Column("is_settled", Boolean, nullable=False),  # all texts are where it wants them
)
"""What has fallen of a source's articles, see archive.health.troubles."""

furniture = Table(
    "furniture",
    metadata,
    Column("site", Text, primary_key=True),
    Column("made", Text, nullable=False),
    Column("entries", Text, nullable=False),  # JSON list of archive.furniture.furniture.Entry
)

articles = Table(
    "articles",
    metadata,
    Column("number", Integer, primary_key=True),  # in order of `date`; row of the full-text tables
    Column("url", Text, nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("headline", Text),
    Column("published", Text),
    Column("modified", Text),
    Column("language", Text),
    Column("section", Text),
    Column("date", Text, nullable=False),  # of publication, or else when it was seen first
    Column("first_seen", Text, nullable=False),
    Column("last_seen", Text, nullable=False),
    Column("texts", Integer, nullable=False),  # different texts in a row
    Column("version", Text, nullable=False),  # the latest
    Column("rights", Integer, nullable=False),  # of that version
    Index("articles_by_source", "source", "number"),
    Index("articles_by_language", "language"),
    Index("articles_by_rights", "rights", "source"),
)

changes = Table(
    "changes",
    metadata,
    Column("id", Text, primary_key=True),  # the capture that shows it
    Column("source", Text, nullable=False),
    Column("article", Text, nullable=False, index=True),  # versions.article, of the version before
    Column("url", Text, nullable=False),  # where it was seen
    Column("url_key", Text, nullable=False, index=True),
    Column("what", Text, nullable=False),  # edited, gone or back
    Column("date", Text, nullable=False),  # since when it is certain
    Column("since", Text, nullable=False),  # of the capture
    Column("last_seen", Text, nullable=False),  # when the article was last seen as it had been before
    Column("is_confirmed", Boolean, nullable=False),  # of what is gone: seen again, or final
    Column("why", Text),  # of what is gone: 404, 410, 451, redirect or emptied
    Column("target", Text),  # where a redirect leads
    Column("before", Text, nullable=False),  # the version before
    Column("after", Text),  # the version after, if there is one
    Column("headline", Text),
    Column("language", Text),
    Column("kinds", Integer, nullable=False),  # see archive.catalogue.changes
    Column("is_minor", Boolean, nullable=False),  # spelling, punctuation and spaces only
    Column("is_silent", Boolean, nullable=False),
    Column("told", Text),  # how the page says that it has changed: modified, or note
    Column("same_reader", Boolean, nullable=False),  # both versions were read by the same software
    Column("words_added", Integer, nullable=False),
    Column("words_removed", Integer, nullable=False),
    Column("details", Text, nullable=False),  # JSON, see archive.history.changes
    # A list looks only into an index for what it leaves out.
    Index("changes_by_date", "date", "kinds", "is_minor", "is_confirmed"),
    Index("changes_by_source", "source", "date", "kinds", "is_minor", "is_confirmed"),
    Index("changes_silent", "date", sqlite_where=text("is_silent = 1")),
    Index("changes_gone", "date", sqlite_where=text("what <> 'edited'")),
)
"""What became of articles between two looks; worked out from the other tables and the texts, see
archive.history.changes."""

unsettled = Table("unsettled", metadata, Column("url_key", Text, primary_key=True))
"""Addresses whose changes are to be worked out again."""
pages = Table(
    "pages",
    metadata,
    Column("source", Text, primary_key=True),
    Column("url", Text, primary_key=True),
    Column("is_stale", Boolean, nullable=False),  # the rest is to be gathered again
    Column("is_listing", Boolean, nullable=False),
    Column("visits", Integer, nullable=False),
    Column("born", Text, nullable=False),  # when it was published or, where that is unknown, first asked for
    Column("last", Text, nullable=False),
    Column("outcome", Text, nullable=False),  # of the last visit
    Column("streak", Integer, nullable=False),  # last visits with that outcome
    Column("changed", Text, nullable=False),  # when a change was seen last, or else `born`
    Column("changes", Integer, nullable=False),
    Column("exposure", Float, nullable=False),
    Column("is_live", Boolean, nullable=False),  # a live blog
    Column("body", Text),  # the response that has what was last seen there
    Column("full", Text),  # when a body came last
    Column("etag", Text),
    Column("last_modified", Text),
    Column("lied", Text),  # when it was found last that a 304 was wrong, or would have been
    Column("signals", Integer, nullable=False),  # visits that a new date in a listing announced
    Column("signals_changed", Integer, nullable=False),  # of these, that found a change
    Index("pages_stale", "is_stale", sqlite_where=text("is_stale")),
)
"""What the visits of each page have shown; gathered from the other tables, see archive.catalogue.pages."""

days = Table(
    "days",
    metadata,
    Column("source", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("is_stale", Boolean, nullable=False),  # the numbers are to be counted again
    Column("announced", Integer, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("captured", Integer, nullable=False),
    Column("extracted", Integer, nullable=False),
    Column("revisited", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("robots", Integer, nullable=False),
    Column("paywall", Integer, nullable=False),
    Column("error", Integer, nullable=False),
    Column("too_large", Integer, nullable=False),
    Column("captures", Integer, nullable=False),
    Column("visits", Integer, nullable=False),
)
"""The ledger, by day; counted from the other tables, see archive.catalogue.coverage."""

VIRTUAL = (
    "CREATE VIRTUAL TABLE full_text USING fts5(headline, text, facets, "
    "tokenize=\"unicode61 remove_diacritics 0 categories 'L* M* N* Co'\")",
    "CREATE VIRTUAL TABLE likeness USING fts5(marks, detail=none, columnsize=0)",
)
"""Rows of both are `articles.number`, columns hold tokens, not prose: of `archive.catalogue.tokens`, source and
language as `archive.catalogue.rows.facets`, and the marks of `archive.catalogue.likeness`."""
