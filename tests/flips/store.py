"""A store with a file of every kind."""

from __future__ import annotations

from pathlib import Path

from archive.checked_json import pack
from archive.durability import replace_file
from archive.reader import read_records
from archive.rebuild import rebuild
from archive.repair.repair import examine, put_in_place
from archive.storage import Store
from archive.verification.rounds import verify_round
from archive.warc import OPEN_SUFFIX
from tests.archive.making import killed, varied_store

_KILLED = """
run = Run(Store(sys.argv[1]), "skagen", settings_digest=SETTINGS)
run.keep(exchange("https://skagen.test/1", wire(os.urandom(400))))
run.keep(exchange("https://skagen.test/2", wire(os.urandom(400))))
"""


def full_store(root: Path) -> Store:
    """Originals and derived files of several runs, a torn end, a mended file and the damaged one, plans, alarms."""
    store = varied_store(root)
    killed(_KILLED, root)
    (path,) = root.rglob("*" + OPEN_SUFFIX)
    path.write_bytes(path.read_bytes()[:-60])
    rebuild(store)
    name = next(name for name in store.files("originals") if "skagen" in name)
    response = next(record for record in read_records(store.path(name)) if record.type == "response")
    data = bytearray(store.path(name).read_bytes())
    data[response.offset + 40] ^= 1
    store.path(name).write_bytes(data)
    put_in_place(store, examine(store, name))
    rebuild(store)
    replace_file(root / "schedule.json", pack({"ellery": {"source": "ellery", "next": "2026-12-01T06:00:00Z"}}))
    replace_file(root / "alarms-mail.json", pack(["ellery/length/2026-11-20"]))
    verify_round(store, extract=False)
    return store
