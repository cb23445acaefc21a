"""`Channels`: where alarms go beside the log: e-mail and a webhook."""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
import ssl
import time
import urllib.error
import urllib.request
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from http.client import HTTPException
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from archive.clock import now
from archive.errors import ArchiveError
from archive.health.alarms import Alarm

__all__ = ["AlarmError", "Channels", "is_loopback", "post", "send_mail"]

_TRIES = 3
_SMTPS = 465


class AlarmError(ArchiveError):
    """Where alarms are to go makes no sense, or an alarm could not be delivered."""


class Channels(msgspec.Struct, frozen=True, kw_only=True):
    """Where alarms go."""

    mail_to: tuple[str, ...] = ()
    mail_from: str = ""
    smtp: str = ""
    """``host`` or ``host:port``; port 465, or any with ``smtps://`` before it, speaks TLS from the beginning."""
    smtp_user: str = ""
    smtp_password: str = ""
    webhook: str = ""
    secret: str = ""
    """Key of the HMAC over what is posted."""
    timeout: float = 20
    """Seconds for each step; four times that for all."""
    pause: float = 1
    """Seconds before a second try; doubled before each further one."""

    def __post_init__(self) -> None:
        """Raises `AlarmError` for what makes no sense."""
        if self.mail_to and not self.smtp:
            raise AlarmError("ALARM_MAIL_TO is set, but no mail server: set ALARM_SMTP to host:port.")
        for address in (*self.mail_to, *([self.mail_from] if self.mail_from else [])):
            if address.count("@") != 1 or not address.isprintable() or set(address) & set(" ,;<>"):
                raise AlarmError(f"{address[:80]!r} is no mail address; ALARM_MAIL_TO and ALARM_MAIL_FROM need one.")
        if self.smtp:
            _MailServer.read(self.smtp)
        if self.webhook:
            parts = urlsplit(self.webhook)
            if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
                raise AlarmError("ALARM_WEBHOOK must be an https URL (or http to this machine).")

    @property
    def names(self) -> list[str]:
        """The channels that are set."""
        return [name for name, is_set in (("mail", self.mail_to), ("webhook", self.webhook)) if is_set]


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def send_mail(channels: Channels, alarm: Alarm) -> None:
    """Send an alarm by e-mail. TLS is used where the server offers it; a password goes nowhere without it.

    Raises `AlarmError`.
    """
    message = EmailMessage()
    message["Subject"] = alarm.subject
    message["From"] = channels.mail_from or channels.mail_to[0]
    message["To"] = ", ".join(channels.mail_to)
    message["Date"] = format_datetime(now())
    message["Message-ID"] = make_msgid(domain="newswarc.invalid")
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834
    message.set_content(alarm.text)
    to = _MailServer.read(channels.smtp)
    context = ssl.create_default_context()
    if is_loopback(to.host):  # nobody certifies that
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with to.connected(channels.timeout, context) as server:
            server.ehlo()
            is_secret = to.is_secret
            if not is_secret and server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo()
                is_secret = True
            if channels.smtp_user:
                if not is_secret and not is_loopback(to.host):
                    raise AlarmError(f"{channels.smtp}: offers no TLS (STARTTLS), so the password is not sent.")
                server.login(channels.smtp_user, channels.smtp_password)
            server.send_message(message)
    except (OSError, smtplib.SMTPException, UnicodeError) as error:
        raise AlarmError(f"The alarm can't be mailed through {channels.smtp}: {_why(error)}.") from error


class _MailServer(NamedTuple):
    host: str
    port: int
    is_secret: bool
    """It speaks TLS from the beginning (RFC 8314, 3.3)."""

    @classmethod
    def read(cls, address: str) -> _MailServer:
        """From ``ALARM_SMTP``. Raises `AlarmError`."""
        try:
            parts = urlsplit(address if "://" in address else f"smtp://{address}")
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        if not host or parts.scheme not in ("smtp", "smtps") or parts.path not in ("", "/") or parts.username:
            raise AlarmError(f"ALARM_SMTP {address[:80]!r} is no host:port of a mail server.")
        port = port or (_SMTPS if parts.scheme == "smtps" else 25)
        return cls(host, port, port == _SMTPS or parts.scheme == "smtps")

    def connected(self, timeout: float, context: ssl.SSLContext) -> smtplib.SMTP:
        if self.is_secret:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=timeout, context=context)
        return smtplib.SMTP(self.host, self.port, timeout=timeout)


def post(channels: Channels, alarm: Alarm) -> None:
    """Post an alarm as JSON to the webhook; three tries. Raises `AlarmError`."""
    body = json.dumps(told(alarm), ensure_ascii=False, sort_keys=True).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "newswarc"}
    if channels.secret:
        digest = hmac.new(channels.secret.encode(), body, hashlib.sha256).hexdigest()
        headers["X-Newswarc-Signature"] = f"sha256={digest}"
    for number in range(_TRIES):
        request = urllib.request.Request(channels.webhook, body, headers)  # noqa: S310 - the scheme was looked at
        try:
            with _opener().open(request, timeout=channels.timeout) as answer:
                answer.read(1)
                return
        except (OSError, HTTPException, ValueError) as error:
            is_final = isinstance(error, urllib.error.HTTPError) and error.code < 500 and error.code != 429
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            if is_final or number == _TRIES - 1:
                host = urlsplit(channels.webhook).netloc.rpartition("@")[2]  # its path may be a secret
                raise AlarmError(f"The alarm can't be posted to {host}: {_why(error)}.") from error
            time.sleep(channels.pause * 2**number)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A webhook that leads elsewhere is not followed: an alarm is for those who were named."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_NoRedirect)


def told(alarm: Alarm) -> dict[str, Any]:
    """An alarm as JSON values."""
    return {
        "event": "all-clear" if alarm.is_over else "alarm",
        "source": alarm.source,
        "subject": alarm.subject,
        "text": alarm.text,
        "quarantined": alarm.quarantined,
        "troubles": msgspec.to_builtins(alarm.troubles),
    }


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return "it did not answer in time"
    if isinstance(error, urllib.error.HTTPError):
        return f"it answered {error.code}"
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        return f"it answered {error.smtp_code} {' '.join(text.split())[:200]}"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"it refuses {', '.join(error.recipients)}"
    cause = getattr(error, "reason", None) or error
    for one in (error, cause):
        if isinstance(one, ssl.SSLCertVerificationError):
            return f"its certificate can't be trusted ({one.verify_message.rstrip('.')})"
    return str(getattr(cause, "strerror", None) or cause).rstrip(".").replace("\n", " ")[:200] or type(error).__name__
