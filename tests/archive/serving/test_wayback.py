"""Captures as pywb shows them over the store: the right version, the right bytes, the right headers."""

from __future__ import annotations

import hashlib
import http.client
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from archive.catalogue import Catalogue
from archive.run import Run
from archive.storage import Store
from tests.archive.making import SETTINGS, exchange, later, page, wire
from tests.archive.serving.pywb import needs_pywb, pywb_python
from tests.archive.serving.replaying import NASTY, ROOM, SITE, Replayed, chunked, coded, make_store, replaying

pytestmark = needs_pywb
CHROMIUM = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_store(tmp_path_factory.mktemp("replay") / "store")


@pytest.fixture(scope="module")
def site(store: Store) -> Iterator[Replayed]:
    with replaying(store) as replayed:
        yield replayed


def rows(store: Store, path: str) -> list[dict[str, object]]:
    with Catalogue(store.catalogue_path, read_only=True) as catalogue:
        return catalogue.captures(path if "://" in path else SITE + path)


# The right version


@pytest.mark.parametrize(
    ("at", "found", "boats"),
    [
        ("2020", "20261120090000", "twelve"),  # before the first capture
        ("20261120090000", "20261120090000", "twelve"),
        ("20261120113000", "20261120090000", "twelve"),
        ("20261120150000", "20261120150000", "twelve"),  # a revisit of the same bytes
        ("20261120170000", "20261120170000", "twelve"),  # a 304
        ("20261121010000", "20261121080000", "nine"),
        ("20261121080000", "20261121080000", "nine"),
        ("2030", "20261121080000", "nine"),
        ("", "20261121080000", "nine"),
    ],
)
def test_each_time_shows_the_version_that_lies_nearest(site: Replayed, at: str, found: str, boats: str) -> None:
    got = site.get(f"/web/{at}mp_/{SITE}/storm")
    if at != found:
        assert (got.status, got["Location"]) == (302, f"{site.origin}/web/{found}mp_/{SITE}/storm")
        got = site.get(got["Location"].removeprefix(site.origin))
    assert got.status == 200
    assert f"Storm keeps {boats} boats out" in got.text
    assert got["Memento-Datetime"].endswith(f"{found[8:10]}:00:00 GMT")


def test_a_page_in_a_frame_is_rewritten_to_lead_to_captures_only(site: Replayed) -> None:
    got = site.frame(f"20261120090000mp_/{SITE}/storm")
    links = re.findall(r"""(?:href|src)=["']([^"']+)""", got.text)
    assert f"{site.frames}/20261120090000mp_/{SITE}/sea" in links
    assert all(link.removeprefix(site.origin).startswith((site.frames, "/-/static/")) for link in links)
    assert got.text.index("jail.js") < got.text.index("wombat.js") < got.text.index("<title>")


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [("/gone", 404, "gone away"), ("/broken", 503, "broken"), ("/cut", 200, "<p>hal"), ("/ferry", 200, "line two")],
)
def test_errors_and_truncated_replies_are_shown_as_they_came(site: Replayed, path: str, status: int, text: str) -> None:
    got = site.get(f"/web/20261120100000mp_/{SITE}{path}")
    if got.status == 302:
        got = site.get(got["Location"].removeprefix(site.origin))
    assert got.status == status
    assert text in got.text
    assert got["Memento-Datetime"]


def test_a_redirect_leads_to_the_capture_of_its_target(site: Replayed) -> None:
    got = site.get(f"/web/20261120100000mp_/{SITE}/old")
    assert (got.status, got["Location"]) == (301, f"{site.origin}/web/20261120100000mp_/{SITE}/storm")
    assert got["Memento-Datetime"] == "Fri, 20 Nov 2026 10:00:00 GMT"


def test_a_redirect_to_the_same_page_over_https_is_followed_to_it(site: Replayed) -> None:
    plain = site.get("/web/20261120110000mp_/http://ellery.test/ferry")
    assert (plain.status, plain["Location"]) == (301, f"{site.origin}/web/20261120110000mp_/{SITE}/ferry")
    there = site.get(plain["Location"].removeprefix(site.origin))
    assert there["Location"].startswith(f"{site.origin}/web/202611201100")
    assert "line two" in site.get(there["Location"].removeprefix(site.origin)).text


def test_a_redirect_in_a_circle_is_said_to_be_one(site: Replayed) -> None:
    got = site.get(f"/web/20261120110000mp_/{SITE}/round")
    assert got.status == 404
    assert "redirects to itself" in got.text


@pytest.mark.parametrize("path", ["/unchanged", "/poll", "/never", "/storm/never"])
def test_what_has_no_page_is_said_to_have_none(site: Replayed, path: str) -> None:
    got = site.get(f"/web/2026mp_/{SITE}{path}")
    assert got.status == 404
    assert f"The archive has no capture of {SITE}{path}." in got.text


def test_a_head_capture_is_never_shown(site: Replayed) -> None:
    assert site.get(f"/web/20261121090000mp_/{SITE}/storm")["Location"].endswith(f"/20261121080000mp_/{SITE}/storm")


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("http://ellery.test/Case/A", "upper"),
        ("https://ellery.test/case/a/", "lower"),
        (f"{SITE}/CASE/A", "per"),  # one of the two: neither is what was asked for
        (f"{SITE}/sorted?a=1&b=2", "sorted"),
        (f"{SITE}/h%c3%a9ron", "héron"),
        (f"{SITE}/héron", "héron"),
        (f"{SITE}/news?utm_source=feed", "mailed"),  # pywb's rules for addresses that differ in nothing of note
    ],
)
def test_other_ways_to_write_an_address_find_the_page(site: Replayed, asked: str, text: str) -> None:
    got = site.get(quote(f"/web/20261120090000mp_/{asked}", safe="/:?&=%"))
    if got.status == 302:
        got = site.get(got["Location"].removeprefix(site.origin))
    assert text in got.text or (text == "per" and "lower" in got.text)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_compressed_pages_are_shown(site: Replayed, coding: str) -> None:
    got = site.frame(f"20261120090000mp_/{SITE}/coded-{coding}")
    assert f"Coded {coding}" in got.text
    assert got["Content-Encoding"] is None


@pytest.mark.skipif("zstandard" not in (Path(__file__).parents[3] / "requirements-pywb.lock").read_text()
                    and not list(Path(pywb_python()).parent.parent.glob("lib/*/site-packages/zstandard")),
                    reason="pywb's lock file has no zstandard")  # fmt: skip
def test_pages_compressed_with_zstd_are_shown(site: Replayed) -> None:
    assert "Coded zstd" in site.frame(f"20261120090000mp_/{SITE}/coded-zstd").text


def test_chunked_pages_are_shown(site: Replayed) -> None:
    assert "Coded in chunks" in site.frame(f"20261120090000mp_/{SITE}/chunked").text


def test_a_charset_that_only_the_page_declares_is_told_to_the_browser(site: Replayed) -> None:
    got = site.frame(f"20261120090000mp_/{SITE}/cyrillic")
    assert got["Content-Type"] == "text/html; charset=windows-1251"
    assert "Порт закрыт" in got.body.decode("cp1251")


# The bytes


@pytest.mark.parametrize("path", ["/storm", "/coded-gzip", "/coded-br", "/coded-zstd", "/gone", "/cut", "/large.bin"])
def test_the_bytes_as_kept_have_the_payload_digest(site: Replayed, store: Store, path: str) -> None:
    first = rows(store, path)[0]
    stamp = re.sub(r"\D", "", str(first["date"]))
    got = site.get(f"/web/{stamp}id_/{SITE}{path}")
    assert "sha256:" + hashlib.sha256(got.body).hexdigest() == first["payload_digest"]


def test_the_bytes_of_a_revisit_are_those_of_its_original(site: Replayed, store: Store) -> None:
    kinds = {str(row["date"]): row for row in rows(store, "/storm") if row["kind"] == "revisit"}
    assert len(kinds) == 2
    original = rows(store, "/storm")[0]
    for date in kinds:
        got = site.get(f"/web/{re.sub(r'[^0-9]', '', date)}id_/{SITE}/storm")
        assert "sha256:" + hashlib.sha256(got.body).hexdigest() == original["payload_digest"]


def test_of_a_chunked_reply_the_bytes_come_without_the_chunks(site: Replayed, store: Store) -> None:
    got = site.get(f"/web/20261120090000id_/{SITE}/chunked")
    body = coded(page("Coded in chunks"), "gzip")
    assert got.body == body
    # The digest in the archive covers the message as it crossed the wire.
    assert "sha256:" + hashlib.sha256(chunked(body)).hexdigest() == rows(store, "/chunked")[0]["payload_digest"]


def test_scripts_can_be_forbidden_or_always_allowed(store: Store) -> None:
    for setting, browser, run in (("never", CHROMIUM, False), ("always", "Firefox/140.0", True)):
        with replaying(store, scripts=setting) as site:  # type: ignore[arg-type]
            policy = site.frame(f"20261120090000mp_/{SITE}/storm", User_Agent=browser)["Content-Security-Policy"]
            assert ("sandbox allow-scripts" in policy) is run


def test_a_piece_of_the_bytes_can_be_had(site: Replayed) -> None:
    got = site.get(f"/web/20261120090000id_/{SITE}/large.bin", Range="bytes=256-511")
    assert (got.status, got.body) == (206, bytes(range(256)))


# What gets out


def test_nothing_of_an_archived_head_gets_out_but_what_is_meant_to(site: Replayed) -> None:
    for got in (site.frame(f"20261120090000mp_/{SITE}/nasty"), site.get(f"/web/20261120090000mp_/{SITE}/nasty")):
        assert got.status == 200
        assert "nasty" in got.text
        head = [(name, value) for name, value in got.headers if not name.lower().startswith("x-archive-orig-")]
        assert "leak.test" not in str(head)
        for header in NASTY:
            name, _, value = header.partition(": ")
            assert (name, value) not in head or name == "Cross-Origin-Resource-Policy"  # ours may be the same
            assert name not in ("Set-Cookie", "Clear-Site-Data", "Refresh", "Report-To", "NEL") or got[name] is None
        assert got["Memento-Datetime"] == "Fri, 20 Nov 2026 09:00:00 GMT"
        assert len([name for name, _ in got.headers if name.lower() == "content-security-policy"]) == 1


def test_a_frame_gets_a_policy_that_allows_captures_only(site: Replayed) -> None:
    policy = site.frame(f"20261120090000mp_/{SITE}/storm", User_Agent=CHROMIUM)["Content-Security-Policy"]
    rules = dict(
        rule.strip().split(" ", 1) if " " in rule.strip() else (rule.strip(), "") for rule in policy.split(";")
    )
    here = f"{site.origin}{site.frames}/"
    assert rules["sandbox"] == "allow-scripts"
    assert rules["default-src"] == rules["object-src"] == rules["worker-src"] == rules["form-action"] == "'none'"
    assert rules["connect-src"] == rules["frame-src"] == rules["base-uri"] == here
    assert rules["frame-ancestors"] == ROOM
    for name, sources in rules.items():
        if name.endswith("-src"):
            assert set(sources.split()) <= {
                "'none'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:", here, f"{site.origin}/-/static/"
            }  # fmt: skip


@pytest.mark.parametrize(
    ("browser", "run"),
    [
        (CHROMIUM, True),
        (CHROMIUM.replace("156", "1000"), True),
        (CHROMIUM.replace("156", "155"), False),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", False),
        ("Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15", False),
        ("", False),
    ],
)
def test_scripts_run_only_in_browsers_that_hold_them(site: Replayed, browser: str, run: bool) -> None:
    policy = site.frame(f"20261120090000mp_/{SITE}/storm", User_Agent=browser)["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts;" if run else "sandbox; default-src 'none'; script-src 'none'")


def test_scripts_run_only_where_ours_ran_first(site: Replayed) -> None:
    for path in (f"20261120090000mp_/{SITE}/picture.svg", f"20261120090000id_/{SITE}/storm"):
        assert "script-src 'none'" in site.frame(path, User_Agent=CHROMIUM)["Content-Security-Policy"]


def test_a_tool_gets_the_page_with_a_policy_that_runs_nothing(site: Replayed) -> None:
    got = site.get(f"/web/20261120090000mp_/{SITE}/storm")
    assert got["Content-Security-Policy"].startswith("sandbox; default-src 'none';")
    assert got["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("prefix", ["/web", "frames"])
def test_a_browser_that_comes_without_a_frame_is_led_to_the_reading_room(site: Replayed, prefix: str) -> None:
    path = f"{site.frames if prefix == 'frames' else prefix}/20261120090000mp_/{SITE}/sea?a=1&b=2"
    got = site.get(path, Sec_Fetch_Dest="document", Sec_Fetch_Mode="navigate", Sec_Fetch_Site="none")
    assert got.status == 303
    assert got["Location"] == f"{ROOM}/replay?url=https%3A%2F%2Fwww.ellery.test%2Fsea%3Fa%3D1%26b%3D2&at=20261120090000"


def test_a_browser_that_asks_for_the_bytes_gets_a_download(site: Replayed) -> None:
    got = site.get(f"/web/20261120090000id_/{SITE}/storm", Sec_Fetch_Dest="document", Sec_Fetch_Site="cross-site")
    assert (got.status, got["Content-Disposition"]) == (200, "attachment")


def test_only_who_knows_the_token_may_read_from_a_page(site: Replayed) -> None:
    page_ = f"20261120090000mp_/{SITE}/storm"
    known = site.frame(page_, Sec_Fetch_Dest="empty", Sec_Fetch_Mode="cors", Origin="null")
    assert known["Access-Control-Allow-Origin"] == "null"
    assert site.frame(page_, Origin="https://other.test")["Access-Control-Allow-Origin"] is None
    other = site.get(f"/web/{page_}", Sec_Fetch_Dest="empty", Sec_Fetch_Site="cross-site", Origin="null")
    assert other.status == 403
    assert other["Access-Control-Allow-Origin"] is None
    image = site.get(f"/web/{page_}", Sec_Fetch_Dest="image", Sec_Fetch_Site="cross-site")
    assert image.status == 403
    assert site.get(f"/{'x' * 24}/{page_}", Origin="null").status == 404


def test_a_preflight_is_answered_under_the_token_only(site: Replayed) -> None:
    asked = {"Origin": "null", "Access_Control_Request_Headers": "x-requested-with"}
    got = site.get(f"{site.frames}/2026mp_/{SITE}/storm", method="OPTIONS", **asked)
    assert (got.status, got["Access-Control-Allow-Headers"]) == (204, "x-requested-with")
    assert site.get(f"/web/2026mp_/{SITE}/storm", method="OPTIONS", **asked).status == 405


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "PROPFIND"])
def test_nothing_but_reading_is_possible(site: Replayed, method: str) -> None:
    assert site.get(f"/web/2026mp_/{SITE}/storm", method=method).status == 405


@pytest.mark.parametrize("headers", [{"Service_Worker": "script"}, {"Sec_Fetch_Dest": "serviceworker"},
                                     {"Sec_Fetch_Dest": "sharedworker"}])  # fmt: skip
def test_workers_are_refused(site: Replayed, headers: dict[str, str]) -> None:
    assert site.get(f"{site.frames}/2026mp_/{SITE}/storm", **headers).status == 403


@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1", "localhost", "localhost:1", "", "ellery.test:80"])
def test_other_host_names_are_refused(site: Replayed, host: str) -> None:
    got = site.get(f"/web/20261120090000mp_/{SITE}/storm", host=host or " ")
    assert got.status == 421
    assert "boats" not in got.text


def test_another_name_of_this_machine_leads_to_the_origin(site: Replayed) -> None:
    got = site.get(f"/web/2026mp_/{SITE}/storm", host=f"127.0.0.1:{site.port}")
    assert (got.status, got["Location"]) == (308, f"{site.origin}/web/2026mp_/{SITE}/storm")


@pytest.mark.parametrize(
    "path",
    ["/", "/web", "/web/", "/web/*/x", "/collinfo.json", "/live/https://ellery.test/", "/web/cdx?url=ellery.test",
     "/static/wombat.js", "/-/static/../jail.py", "/-/static/app.py", "/record/https://ellery.test/",
     "/%2e%2e/etc/passwd",
     "/web/2026mp_/file:///etc/passwd", "/web/2026mp_/http://127.0.0.1/", "/web/2026mp_/", "http://leak.test/", "*",
     "/web/2026mp_/" + "a" * 5000, "/web/2026mp_/http://[", "/web/2026mp_/%00", "/web/99999999999999mp_/http://a/"],
)  # fmt: skip
def test_there_is_nothing_else_to_be_had(site: Replayed, path: str) -> None:
    got = site.get(path)
    if got.status == 302:  # a slash was missing behind the host
        assert got["Location"].startswith(f"{site.origin}/web/")
        got = site.get(got["Location"].removeprefix(site.origin))
    assert got.status in (303, 400, 404)
    assert "Traceback" not in got.text
    if got.status == 303:
        assert got["Location"] == f"{ROOM}/"


def test_an_impossible_time_is_refused(site: Replayed) -> None:
    assert site.get(f"/web/{SITE}/storm", Accept_Datetime="yesterday").status == 400


def test_answers_to_head_have_no_body(site: Replayed) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", site.port)
    paths = (f"/web/{SITE}/storm", f"/web/20261120090000mp_/{SITE}/storm", "/web/2026mp_/http://none.test/", "/")
    for path in paths:  # over one connection, in which stray bytes would be taken for the next answer
        connection.request("HEAD", path, headers={"Host": f"localhost:{site.port}"})
        assert connection.getresponse().read() == b""
    connection.request("GET", "/-/health")
    assert connection.getresponse().read() == b'{"up": true}'
    connection.close()


def test_it_says_that_it_is_well(site: Replayed) -> None:
    got = site.get("/-/health", host="anything")
    assert (got.status, got.text) == (200, '{"up": true}')


# While a crawl runs


def test_a_page_can_be_seen_as_soon_as_the_catalogue_knows_it(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    run = Run(store, "ellery", settings_digest=SETTINGS)
    with replaying(store) as site:
        run.keep(exchange(f"{SITE}/now", wire(page("It happens now")), at=later(0)))
        run.flush()
        begun = time.monotonic()
        assert store.path(rows(store, "/now")[0]["file"]).name.endswith(".open")  # type: ignore[arg-type]
        while "It happens now" not in site.frame(f"20261120090000mp_/{SITE}/now").text:
            assert time.monotonic() - begun < 2
        assert "happens" not in site.frame(f"20261120090000mp_/{SITE}/later").text
        run.keep(exchange(f"{SITE}/later", wire(page("It happens later")), at=later(0)))
        run.finish("finished", {})  # the file is closed and gets its name
        assert "It happens now" in site.frame(f"20261120090000mp_/{SITE}/now").text
        assert "It happens later" in site.frame(f"20261120090000mp_/{SITE}/later").text


def test_files_that_are_closed_while_pages_are_shown_disturb_nobody(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    run = Run(store, "ellery", settings_digest=SETTINGS, max_file_size=2000)
    with replaying(store) as site:
        for number in range(30):  # each file is closed after a page or two
            run.keep(exchange(f"{SITE}/{number}", wire(page(f"Number {number}.")), at=later(0)))
            run.flush()
            for earlier in range(max(0, number - 3), number + 1):
                assert f"Number {earlier}." in site.frame(f"20261120090000mp_/{SITE}/{earlier}").text
        run.finish("finished", {})


def test_a_catalogue_that_is_made_anew_is_taken_up(tmp_path: Path) -> None:
    from archive.rebuild import rebuild

    store = make_store(tmp_path / "store")
    with replaying(store) as site:
        assert "twelve" in site.frame(f"20261120090000mp_/{SITE}/storm").text
        store.catalogue_path.unlink()
        got = site.frame(f"20261120090000mp_/{SITE}/storm")
        assert got.status == 503
        assert "catalogue can't be read" in got.text.replace("&#x27;", "'")
        rebuild(store)
        assert "twelve" in site.frame(f"20261120090000mp_/{SITE}/storm").text


# Damage


def test_a_record_that_was_changed_is_not_shown(tmp_path: Path) -> None:
    store = make_store(tmp_path / "store")
    first, *_, last = [row for row in rows(store, "/storm") if row["method"] == "GET"]
    path = store.path(str(first["file"]))
    data = bytearray(path.read_bytes())
    data[int(str(first["offset"])) + int(str(first["length"])) // 2] ^= 1
    path.write_bytes(data)
    with replaying(store) as site:
        for stamp in ("20261120090000", "20261120150000", "20261120170000"):  # and what refers to it
            got = site.get(f"/web/{stamp}mp_/{SITE}/storm")
            assert got.status == 500
            assert "what it was when it was archived" in got.text
            assert "boats" not in got.text
        assert site.get(f"/web/20261121080000mp_/{SITE}/storm").status == 200
    assert last["date"] == "2026-11-21T08:00:00Z"


@pytest.mark.parametrize("how", ["gone", "short"])
def test_a_file_that_is_gone_or_too_short_is_named(tmp_path: Path, how: str) -> None:
    store = make_store(tmp_path / "store")
    name = str(rows(store, "/large.bin")[0]["file"])
    path = store.path(name)
    path.unlink() if how == "gone" else path.write_bytes(path.read_bytes()[:300])
    with replaying(store) as site:
        got = site.get(f"/web/20261120090000mp_/{SITE}/large.bin")
        assert got.status == 500
        assert name in got.text


def test_a_revisit_whose_original_is_missing_is_said_to_be_one(tmp_path: Path) -> None:
    import sqlite3

    store = make_store(tmp_path / "store")
    with sqlite3.connect(store.catalogue_path) as database:
        database.execute(
            "DELETE FROM captures WHERE url = ? AND kind = 'response' AND date < '2026-11-21'", [f"{SITE}/storm"]
        )
    database.close()
    with replaying(store) as site:
        got = site.get(f"/web/20261120150000mp_/{SITE}/storm")
        assert got.status == 500
        assert "that isn't in the archive any more" in got.text.replace("&#x27;", "'")


def test_a_catalogue_that_names_other_files_leads_nowhere(tmp_path: Path) -> None:
    import sqlite3

    store = make_store(tmp_path / "store")
    (tmp_path / "secret").write_text("secret")
    with sqlite3.connect(store.catalogue_path) as database:
        for path, name in (("/storm", "originals/../../secret"), ("/gone", "derived/x"), ("/broken", "/etc/passwd")):
            database.execute("UPDATE captures SET file = ? WHERE url = ?", [name, SITE + path])
    database.close()
    with replaying(store) as site:
        for path in ("/storm", "/gone", "/broken"):
            got = site.get(f"/web/20261120100000mp_/{SITE}{path}")
            got = site.get(got["Location"].removeprefix(site.origin)) if got.status == 302 else got
            assert got.status == 500
            assert "is not among the originals" in got.text
