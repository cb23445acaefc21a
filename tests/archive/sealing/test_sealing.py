"""`seal_store` and `SealAudit`: whatever is changed behind a seal, with all digests made to fit, is found."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from archive.errors import SealError, StoreError
from archive.reader import read_gzip
from archive.rebuild import rebuild
from archive.sealing.audit import SealAudit
from archive.sealing.merkle import leaf_of, root_of
from archive.sealing.sealing import seal_store
from archive.sealing.seals import Seals
from archive.signing import SigningKey
from archive.storage import Store
from archive.verification.verify import verify
from archive.warc import OPEN_SUFFIX
from tests.archive.making import altered, digest_again, later, page, running, varied_store
from tests.archive.making import keep_page as keep

KEY, OTHER = (SigningKey(ec.generate_private_key(ec.SECP384R1())) for _ in range(2))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two seals."""
    root = tmp_path_factory.mktemp("sealed") / "store"
    store = varied_store(root)
    assert seal_store(store, KEY).problems == []
    with running(store, "nordlys") as run:
        keep(run, "https://nordlys.test/ø", page("Isen er tilbake"), at=later(60))
    seal_store(store, KEY)
    return root


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Store:
    return Store(shutil.copytree(made, tmp_path / "store"))


def faults(store: Store, **known: str) -> list[str]:
    return [str(fault) for fault in SealAudit.of(store, **known).faults]


def test_a_seal_covers_every_record_that_no_seal_covers_yet(store: Store) -> None:
    seals = Seals(store)
    covered = [file for n in seals.numbers() for file in seals.files(n, seals.read(n))]
    assert sorted(file.name for file in covered) == store.files()
    for number in seals.numbers():
        leaves = b""
        for file in seals.files(number, seals.read(number)):
            with store.path(file.name).open("rb") as raw:
                found = [leaf_of(data) for _, _, data in read_gzip(raw)]
            assert len(found) == file.records
            leaves += b"".join(found)
        assert leaves == seals.leaves(number, seals.read(number))
        assert root_of(leaves).hex() == seals.read(number).statement.tree.root


def test_an_archive_that_is_sealed_is_well(store: Store) -> None:
    last = Seals(store).last()
    assert last is not None
    found = verify(store, known_seal=last.digest)
    assert found.ok, found.faults
    assert found.signatures == [
        f"seals: 2 with the key {KEY.fingerprint}; the last, number 2, was made at {last.statement.made} and is "
        f"{last.digest}"
    ]
    assert faults(store, known=Seals(store).read(1).digest) == []


def test_nothing_new_makes_no_seal(store: Store) -> None:
    assert seal_store(store, KEY).seal is None
    assert Seals(store).numbers() == [1, 2]


def test_files_that_are_being_written_wait(store: Store) -> None:
    with running(store, "nordlys") as run:
        keep(run, "https://nordlys.test/x", page("Ny is"), at=later(70))
        assert list(store.root.rglob("*" + OPEN_SUFFIX))
        assert seal_store(store, KEY).seal is None
    done = seal_store(store, KEY).seal
    assert done is not None
    assert done.statement.files.count == 2


Attack = Callable[[Store], object]


def forge_a_text(store: Store) -> None:
    """Somebody with the whole store in hand makes a page say something else, and all digests, rows and proofs fit."""
    path = next(store.root.glob("originals/*/nordlys-*.gz"))
    altered(path, lambda headers, block: (headers, block.replace(b"Isen", b"Iset")))
    rebuild(store)


def remove_a_record(store: Store) -> None:
    for path in store.root.glob("originals/*/ellery-*.gz"):
        altered(path, lambda headers, block: None if "cut" in headers.get("WARC-Target-URI", "") else (headers, block))


def remove_a_file(store: Store) -> None:
    path = next(store.root.glob("derived/*/nordlys-*.gz"))
    path.unlink()
    path.with_name(path.name + ".sha256").unlink()


def append_a_record(store: Store) -> None:
    path = next(store.root.glob("originals/*/nordlys-*.gz"))
    data = path.read_bytes()
    with path.open("rb") as raw:
        *_, (offset, length, _) = read_gzip(raw)
    path.write_bytes(data + data[offset : offset + length])
    digest_again(path)


def swap_records(store: Store) -> None:
    path = next(store.root.glob("originals/*/nordlys-*.gz"))
    data = path.read_bytes()
    with path.open("rb") as raw:
        members = [data[offset : offset + length] for offset, length, _ in read_gzip(raw)]
    members[1], members[2] = members[2], members[1]
    path.write_bytes(b"".join(members))
    digest_again(path)


def cut_a_file(store: Store) -> None:
    path = next(store.root.glob("derived/*/nordlys-*.gz"))
    path.write_bytes(path.read_bytes()[:-200])
    digest_again(path)


def part(number: int, name: str, change: Callable[[bytes], bytes | None]) -> Attack:
    def attack(store: Store) -> None:
        path = store.root / "seals" / f"{number:06}" / name
        changed = change(path.read_bytes())
        path.unlink() if changed is None else path.write_bytes(changed)

    return attack


def take_a_seal(store: Store) -> None:
    shutil.rmtree(store.root / "seals" / "000001")


def add_a_seal_under_another_spelling(store: Store) -> None:
    shutil.copytree(store.root / "seals" / "000001", store.root / "seals" / "0000001")


def lead_a_seal_elsewhere(store: Store) -> None:
    (store.root / "seals" / "000002").rename(store.root / "elsewhere")
    (store.root / "seals" / "000002").symlink_to(store.root / "elsewhere")


def replay_a_seal(store: Store) -> None:
    shutil.copytree(store.root / "seals" / "000002", store.root / "seals" / "000003")


ATTACKS: list[tuple[Attack, str]] = [
    (forge_a_text, "is not record"),
    (remove_a_record, "is not record"),
    (remove_a_file, "is missing, with"),
    (append_a_record, "is not record"),
    (swap_records, "is not record 2 of the"),
    (cut_a_file, "can't be read to its end"),
    (take_a_seal, "has no good seal before it"),
    (replay_a_seal, "says that it is number 2"),
    (add_a_seal_under_another_spelling, "seals/0000001: is no seal of this archive"),
    (lead_a_seal_elsewhere, "seals/000002: is no seal of this archive"),
    (part(1, "seal.json", lambda data: data.replace(b'"number', b'"nunber')), "is no seal"),
    (part(2, "seal.json", lambda data: data[:-1]), "is no seal"),
    (part(1, "seal.json", lambda _: None), "is missing"),
    (part(1, "leaves", lambda data: data[:32] + data[64:] + data[32:64]), "are not the hashes that were sealed"),
    (part(2, "leaves", lambda data: data[:-32]), "are not the hashes that were sealed"),
    (part(2, "leaves", lambda _: None), "is missing"),
    (part(1, "files.jsonl", lambda data: data.replace(b"records", b"recards", 1)), "is not the list of files"),
]


@pytest.mark.parametrize(("attack", "what"), ATTACKS)
def test_what_is_changed_behind_a_seal_is_found(store: Store, attack: Attack, what: str) -> None:
    assert faults(store) == []
    attack(store)
    found = faults(store)
    assert any(what in fault for fault in found), found
    assert not verify(store, extract=False).ok


def test_seals_that_were_made_anew_are_told_by_a_digest_kept_elsewhere(store: Store) -> None:
    last = Seals(store).last()
    assert last is not None
    shutil.rmtree(store.root / "seals")
    forge_a_text(store)
    seal_store(store, OTHER)
    assert faults(store) == []
    assert faults(store, known=last.digest) == [f"seals: no seal is {last.digest}: seals were taken away or made anew"]


def test_the_newest_seals_can_be_missed_by_their_digest_alone(store: Store) -> None:
    last = Seals(store).last()
    assert last is not None
    shutil.rmtree(store.root / "seals" / "000002")
    assert faults(store) == []
    assert len(faults(store, known=last.digest)) == 1


def test_a_damaged_file_is_left_out_and_named(store: Store) -> None:
    with running(store, "nordlys") as run:
        keep(run, "https://nordlys.test/y", page("Mer is"), at=later(80))
    new = sorted(set(store.files()) - Seals(store).sealed_names())
    data = bytearray(store.path(new[1]).read_bytes())
    data[len(data) // 2] ^= 8
    store.path(new[1]).write_bytes(data)
    done = seal_store(store, KEY)
    assert done.seal is not None
    assert done.seal.statement.files.count == 1
    assert len(done.problems) == 1
    assert done.problems[0].startswith(f"{new[1]}: is not sealed: is not what it was when it was closed")


def test_only_the_key_that_is_expected_seals(store: Store) -> None:
    with running(store, "nordlys") as run:
        keep(run, "https://nordlys.test/z", page("Is igjen"), at=later(90))
    with pytest.raises(SealError, match="use that key, or --unannounced if it is lost"):
        seal_store(store, OTHER)
    assert Seals(store).numbers() == [1, 2]
    seal_store(store, OTHER, unannounced=True)
    found = SealAudit.of(store)
    assert found.faults == []
    assert [advice.what for advice in found.advice] == [
        f"is signed by a key, {OTHER.fingerprint}, that the seal before it did not announce"
    ]


def test_an_announced_key_takes_over(store: Store) -> None:
    seal = seal_store(store, KEY, next_key=OTHER).seal  # with nothing new beside
    assert seal is not None
    assert seal.statement.next_key == OTHER.fingerprint
    with running(store, "nordlys") as run:
        keep(run, "https://nordlys.test/z", page("Is igjen"), at=later(90))
    with pytest.raises(SealError):
        seal_store(store, KEY)
    assert seal_store(store, OTHER).seal is not None
    found = SealAudit.of(store)
    assert (found.faults, found.advice) == ([], [])
    assert verify(store, extract=False).ok


def test_a_killed_sealing_leaves_nothing_that_counts(store: Store) -> None:
    with running(store, "nordlys") as run:
        keep(run, "https://nordlys.test/z", page("Is igjen"), at=later(90))
    half = store.root / "seals" / ".000003.new"
    half.mkdir()
    (half / "leaves").write_bytes(b"x" * 40)
    assert faults(store) == []
    assert seal_store(store, KEY).seal is not None
    assert faults(store) == []
    assert not half.exists()


def test_two_do_not_seal_at_once(store: Store) -> None:
    with store.lock("seals", "another sealing"), pytest.raises(StoreError, match="seals is in use by another sealing"):
        seal_store(store, KEY)


def test_a_seal_that_is_not_good_is_not_built_on(store: Store) -> None:
    part(2, "seal.json", lambda data: data[:-1])(store)
    with pytest.raises(SealError, match=r"^seals/000002/seal.json: is no seal"):
        seal_store(store, KEY)


def test_there_must_be_an_archive(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no archive there"):
        seal_store(Store(tmp_path), KEY)
