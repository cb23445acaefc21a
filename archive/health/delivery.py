"""Delivers alarms in a process of its own, which is ended when it takes too long: nothing waits for a mail server."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

import msgspec

from archive.catalogue import Catalogue
from archive.errors import ArchiveError
from archive.health.alarms import Alarm, Said, alarms
from archive.health.channels import Channels, post, send_mail
from archive.storage import Store

__all__ = ["deliver", "deliver_apart"]

_SENDERS: dict[str, Callable[[Channels, Alarm], None]] = {"mail": send_mail, "webhook": post}


class _Order(msgspec.Struct, frozen=True):
    """What the process is to do."""

    store: str
    channels: Channels


def deliver(store: Store, channels: Channels) -> list[str]:
    """Say on each channel what was not said there; what fails is tried again next time. Returns a sentence for each.

    Raises `StoreError` if the archive can't be used. Two at once wait for each other.
    """
    problems: list[str] = []
    with (store.root / "locks" / "alarms.lock").open("a") as lock, Catalogue(store.catalogue_path) as catalogue:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for channel in channels.names:
            said = Said(store, channel)
            try:
                for alarm in alarms(catalogue, said.keys):
                    _SENDERS[channel](channels, alarm)
                    said.note(alarm)
            except ArchiveError as error:
                problems.append(str(error))
    return problems


def deliver_apart(store: Store, channels: Channels, log: Callable[[Alarm], None]) -> list[str]:
    """The same, in a process that gets four times the timeout; what is new is said to `log` at once.

    Returns sentences, as `deliver`; never raises.
    """
    try:
        with Catalogue(store.catalogue_path) as catalogue:
            said = Said(store, "log")
            for alarm in alarms(catalogue, said.keys):
                log(alarm)
                said.note(alarm)
            if not any(alarms(catalogue, Said(store, channel).keys) for channel in channels.names):
                return []
        order = msgspec.json.encode(_Order(str(store.root), channels))
        command = [sys.executable, "-m", "archive.health.delivery"]
        done = subprocess.run(command, input=order, capture_output=True, timeout=4 * channels.timeout, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return ["The alarms could not be delivered in time; it is tried again after the next run."]
    except (ArchiveError, OSError) as error:
        return [f"The alarms could not be delivered: {error}"]
    with suppress(msgspec.DecodeError):
        return msgspec.json.decode(done.stdout, type=list[str])
    last = (done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"])[-1]
    return [f"The alarms could not be delivered: {last}."]


def main() -> None:
    """Do what standard input orders; secrets don't belong on a command line."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=_Order)
    try:
        problems = deliver(Store(order.store), order.channels)
    except (ArchiveError, OSError) as error:
        problems = [str(error)]
    sys.stdout.buffer.write(msgspec.json.encode(problems))


if __name__ == "__main__":
    main()
