"""Alarms reach mail servers and web servers: once for each trouble, with an all-clear; and nobody waits for them."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import msgspec
import pytest

from archive.health.alarms import Alarm, Said
from archive.health.channels import AlarmError, Channels, post, send_mail
from archive.health.delivery import deliver, deliver_apart
from archive.health.troubles import Trouble, decided
from archive.rebuild import rebuild
from archive.storage import Store
from tests.archive.health.servers import Refusing, facts, hanging_server, mail_server, web_server
from tests.archive.health.test_troubles import state
from tests.archive.making import refused, running
from tests.server.raw import certificate

TROUBLE = Trouble(
    id="urn:uuid:1",
    source="ellery",
    kind="article",
    what="published",
    since="2026-11-21T10:20:30Z",
    found="2026-11-22T00:00:00Z",
    before=1,
    after=0.05,
    holds=True,
    made="2026-11-22T00:00:00.000001Z",
)
ALARM = Alarm(source="ellery", is_over=False, troubles=(TROUBLE,), quarantined=12)
TO = ("desk@ellery.test", "ada@ellery.test")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A source in trouble."""
    store = Store(tmp_path)
    with running(store) as run:
        run.keep_troubles([TROUBLE, msgspec.structs.replace(TROUBLE, id="urn:uuid:2", what="tags", holds=False)])
    return store


def release(store: Store) -> None:
    with running(store) as run:
        run.keep_troubles(decided(state(store), "released", "by Ada"))


def channels(smtp: str = "", hook: str = "", **fields: object) -> Channels:
    values = {"mail_to": TO if smtp else (), "smtp": smtp, "webhook": hook, "pause": 0, **fields}
    return msgspec.convert(values, Channels)


def test_mail_says_what_fell_and_since_when() -> None:
    with mail_server() as (smtp, received):
        send_mail(channels(smtp, mail_from="newswarc@ellery.test"), ALARM)
    (message,) = received
    assert message["Subject"] == "newswarc: the articles of ellery have become worse"
    assert (message["From"], message["To"]) == ("newswarc@ellery.test", "desk@ellery.test, ada@ellery.test")
    data = message.get_payload(decode=True)
    assert isinstance(data, bytes)
    text = data.decode()
    assert "field published fell from 100% to 5%, first seen in a page of 2026-11-21 10:20 UTC." in text
    assert "12 texts of ellery are in quarantine" in text


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_mail_with_a_login() -> None:
    with mail_server(password="sesame") as (smtp, received):
        send_mail(channels(smtp, smtp_user="ada", smtp_password="sesame"), ALARM)
        with pytest.raises(AlarmError, match="answered 535") as caught:
            send_mail(channels(smtp, smtp_user="ada", smtp_password="wrong"), ALARM)
    assert len(received) == 1
    assert "wrong" not in refused(caught.value)


@pytest.fixture
def pem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A certificate for 127.0.0.1 that is not taken for this machine's own, so that it must be trusted."""
    path = tmp_path / "server.pem"
    path.write_bytes(certificate())
    monkeypatch.setattr("archive.health.channels.is_loopback", lambda host: False)
    return path


def test_mail_goes_through_tls_to_a_server_that_is_trusted(pem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    login = {"smtp_user": "ada", "smtp_password": "sesame"}
    with mail_server(password="sesame", starttls=pem) as (smtp, received):
        with pytest.raises(AlarmError, match=r"its certificate can't be trusted \(self-signed certificate\)") as caught:
            send_mail(channels(smtp, **login), ALARM)
        refused(caught.value)
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        send_mail(channels(smtp, **login), ALARM)
        with pytest.raises(AlarmError, match=r"127\.0\.0\.1:\d+: "):
            send_mail(channels(f"smtps://{smtp}"), ALARM)
    assert len(received) == 1
    with mail_server(tls=pem) as (smtp, received):
        send_mail(channels(f"smtps://{smtp}"), ALARM)
    assert len(received) == 1


def test_a_password_is_not_sent_without_tls(pem: Path) -> None:
    why = r"offers no TLS \(STARTTLS\), so the password is not sent"
    with mail_server() as (smtp, received), pytest.raises(AlarmError, match=why):
        send_mail(channels(smtp, smtp_user="ada", smtp_password="sesame"), ALARM)
    assert not received


def test_a_webhook_over_tls_must_be_trusted(pem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with web_server(tls=pem) as (hook, posted):
        with pytest.raises(AlarmError, match=r"its certificate can't be trusted \(self-signed certificate\)") as caught:
            post(channels(hook=hook), ALARM)
        refused(caught.value)
        assert not posted
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        post(channels(hook=hook), ALARM)
        assert facts(posted[0])["source"] == "ellery"


def test_mail_that_is_refused() -> None:
    with mail_server(Refusing()) as (smtp, received), pytest.raises(AlarmError, match="refuses desk@") as caught:
        send_mail(channels(smtp), ALARM)
    assert not received
    refused(caught.value)
    with pytest.raises(AlarmError, match="Connection refused") as caught:
        send_mail(channels(smtp), ALARM)
    refused(caught.value)


def test_servers_that_hang() -> None:
    with hanging_server() as address:
        with pytest.raises(AlarmError, match="did not answer in time") as caught:
            send_mail(channels(address, timeout=0.05), ALARM)
        refused(caught.value)
        with pytest.raises(AlarmError, match="did not answer in time") as caught:
            post(channels(hook=f"http://{address}/secret-path", timeout=0.05), ALARM)
        assert "secret-path" not in refused(caught.value)


def test_the_webhook_gets_signed_json() -> None:
    with web_server() as (hook, posted):
        post(channels(hook=hook, secret="sesame"), ALARM)
    ((headers, body),) = posted
    assert headers["X-Newswarc-Signature"] == "sha256=" + hmac.new(b"sesame", body, hashlib.sha256).hexdigest()
    assert headers["Content-Type"] == "application/json"
    told = facts(posted[0])
    assert (told["event"], told["source"], told["quarantined"]) == ("alarm", "ellery", 12)
    assert told["troubles"][0]["since"] == TROUBLE.since


@pytest.mark.parametrize(
    ("statuses", "tries", "why"),
    [((503, 429, 200), 3, None), ((503,), 3, "503"), ((403,), 1, "403"), ((302,), 1, "302")],
)
def test_a_webhook_is_tried_again_where_that_helps(statuses: tuple[int, ...], tries: int, why: str | None) -> None:
    with web_server(*statuses) as (hook, posted):
        if why is None:
            post(channels(hook=hook), ALARM)
        else:
            with pytest.raises(AlarmError, match=f"answered {why}"):
                post(channels(hook=hook), ALARM)
    assert len(posted) == tries


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"mail_to": ["desk@ellery.test"]}, "ALARM_SMTP"),
        ({"mail_to": ["desk"], "smtp": "mail.test"}, "'desk' is no mail address"),
        ({"mail_to": ["a@b.test\nBcc: x@y.test"], "smtp": "mail.test"}, "no mail address"),
        ({"smtp": "mail.test:nought"}, "no host:port"),
        ({"webhook": "http://ellery.test/hook"}, "https"),
        ({"webhook": "file:///etc/passwd"}, "https"),
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, object], why: str) -> None:
    with pytest.raises(AlarmError, match=why) as caught:
        Channels(**{k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()})  # type: ignore[arg-type]
    refused(caught.value)


def test_each_trouble_is_said_once_and_its_end_once(store: Store) -> None:
    logged: list[Alarm] = []
    with mail_server() as (smtp, received), web_server() as (hook, posted):
        there = channels(smtp, hook)
        assert not deliver_apart(store, there, logged.append)
        assert not deliver_apart(store, there, logged.append)
        assert not rebuild(store)
        assert not deliver_apart(store, there, logged.append)
        assert (len(received), len(posted), len(logged)) == (1, 1, 1)
        assert [t.what for t in logged[0].troubles] == ["published", "tags"]
        release(store)
        assert not deliver_apart(store, there, logged.append)
        assert not deliver_apart(store, there, logged.append)
    assert [m["Subject"] for m in received][1:] == ["newswarc: all clear for ellery"]
    assert [facts(p)["event"] for p in posted] == ["alarm", "all-clear"]
    assert [alarm.is_over for alarm in logged] == [False, True]


def test_what_failed_is_said_next_time_and_only_there(store: Store) -> None:
    with web_server() as (hook, posted), mail_server(Refusing()) as (smtp, _):
        (problem,) = deliver(store, channels(smtp, hook))
        assert "refuses" in problem
    assert len(posted) == 1
    with web_server() as (hook, posted), mail_server() as (smtp, received):
        assert not deliver(store, channels(smtp, hook))
    assert (len(posted), len(received)) == (0, 1)


def test_what_was_over_before_it_was_said_is_not_said(store: Store) -> None:
    release(store)
    with web_server() as (hook, posted):
        assert not deliver(store, channels(hook=hook))
    assert not posted


def test_losing_what_was_said_only_says_it_again(store: Store) -> None:
    with web_server() as (hook, posted):
        assert not deliver(store, channels(hook=hook))
        for damage in ("", "{", "7", "\0"):
            (store.root / "alarms-webhook.json").write_text(damage)
            assert not Said(store, "webhook").keys
        assert not deliver(store, channels(hook=hook))
    assert len(posted) == 2


def test_a_process_that_takes_too_long_is_ended(store: Store) -> None:
    logged: list[Alarm] = []
    with hanging_server() as address:  # it has four times 0.01 s, and can't even start in that time
        (problem,) = deliver_apart(store, channels(address, timeout=0.01), logged.append)
    assert "in time" in problem
    assert len(logged) == 1
