"""Keys, seals, proofs and redactions on the command line, as a user goes through them."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from archive.storage import Store
from tests.archive.making import ROOT
from tests.archive.sealing.authority import listening, make_authority
from tests.archive.sealing.papers import FERRY, QUOTE, STORM, story


def scrapy(home: Path, *arguments: str, code: int = 0) -> tuple[str, str]:
    """What a command prints on standard output and standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments, "-s", f"ARCHIVE_STORE={home / 'data'}"],
        cwd=ROOT,
        env={**os.environ, "XDG_CONFIG_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with an archive whose seals were lost."""
    shutil.rmtree(story(tmp_path / "data").root / "seals")
    return tmp_path


def test_from_a_key_to_a_proof_in_somebody_elses_hands(home: Path) -> None:
    assert "scrapy keygen makes one" in scrapy(home, "seal", code=1)[1]
    (fingerprint,) = re.findall(r"sha256:\w{64}", scrapy(home, "keygen")[0])
    out, _ = scrapy(home, "seal")
    assert out.startswith(f"Seal 1 covers 4 files with 27 records. It is signed with the key {fingerprint}.\n")
    (digest,) = re.findall(r"kept elsewhere: (sha256:\w{64})", out)
    assert scrapy(home, "seal")[0] == "All that is in the archive is sealed already.\n"
    assert scrapy(home, "verify", "--seal", digest)[0].startswith("SIGNED seals: 1 with the key")
    assert "FAULT seals: no seal is sha256:0" in scrapy(home, "verify", "--seal", "sha256:0", code=1)[0]

    proof = home / "proof.json"
    out, _ = scrapy(home, "prove", STORM, "--quote", QUOTE, "--file", str(proof))
    assert out.startswith(f"{proof}: 6 records, under seal 1.\n")
    _, err = scrapy(home, "prove", STORM, "--file", str(proof), code=1)
    assert "exists already; name another file with --file" in err
    shutil.rmtree(home / "data")

    out, _ = scrapy(home, "check-proof", str(proof))
    assert f"PROVEN     The quotation stands in paragraph 2 of the text: {QUOTE!r}." in out
    assert "NOT PROVEN that the server sent this" in out
    assert out.endswith("  The proof is good.\n")
    assert "whose key signed" not in scrapy(home, "check-proof", "--key", fingerprint, str(proof))[0]
    told = json.loads(proof.read_text())
    told["quotation"]["text"] = "Thirty boats"
    proof.write_text(json.dumps(told))
    out, _ = scrapy(home, "check-proof", str(proof), code=1)
    assert "WRONG      The quotation does not stand in the text" in out
    assert out.endswith("  The proof is NOT good.\n")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl, which plays the authority")
def test_a_time_stamp_comes_with_the_seal_or_later(home: Path) -> None:
    make_authority(home / "authority")
    scrapy(home, "keygen")
    dead = ("-s", "SEAL_TIMESTAMP=http://127.0.0.1:9/")
    _, err = scrapy(home, "seal", *dead, code=1)
    assert "The seal stands without a time stamp; the next scrapy seal asks again." in err
    with listening(home / "authority") as authority:
        out, _ = scrapy(home, "seal", "-s", f"SEAL_TIMESTAMP={authority.url}")
        assert re.search(r"Seal 1 is stamped: 20\S+Z by CN=Ellery Time\.", out)
        assert "does not know who vouches for that authority; see SEAL_TIMESTAMP_CA" in out
    assert scrapy(home, "verify", "--no-extraction")
    scrapy(home, "prove", FERRY, "--file", str(home / "proof.json"))
    out, _ = scrapy(home, "check-proof", str(home / "proof.json"), "--authority", str(home / "authority" / "root.pem"))
    assert re.search(r"PROVEN     Seal 1 was there at 20\S+Z, says CN=Ellery Time\.", out)


def test_a_new_key_is_announced_by_the_old_one(home: Path) -> None:
    scrapy(home, "keygen")
    scrapy(home, "keygen", str(home / "new.pem"))
    out, _ = scrapy(home, "seal", "--rotate", str(home / "new.pem"))
    assert "The next seal is to be signed with the key sha256:" in out
    _, err = scrapy(home, "seal", code=1)
    assert "use that key, or --unannounced if it is lost" in err
    scrapy(home, "seal", "-s", f"SEAL_KEY={home / 'new.pem'}")


def test_keys_are_kept_out_of_the_archive(home: Path) -> None:
    _, err = scrapy(home, "seal", "-s", f"SEAL_KEY={home / 'data' / 'key.pem'}", code=1)
    assert "is inside the archive, which is copied and handed on" in err


def test_an_article_is_taken_out_and_the_rest_is_still_proven(home: Path) -> None:
    scrapy(home, "keygen")
    scrapy(home, "seal")
    scrapy(home, "prove", FERRY, "--file", str(home / "proof.json"))
    out, _ = scrapy(home, "redact", STORM, "--reason", "court order")
    assert out == (
        f"{STORM}\n  3 captures and 2 texts: 15 records\n"
        "Nothing was changed. With --yes it is done, and can't be undone.\n"
    )
    assert scrapy(home, "redact", STORM, "--reason", " ", code=2)
    out, _ = scrapy(home, "redact", STORM, "--reason", "court order", "--yes")
    assert out.endswith("15 records were taken out; tombstones are in their places.\n")
    out, _ = scrapy(home, "verify")
    assert "15 sealed records were taken out, with a tombstone in place of each: all is well." in out
    assert "is not in the archive" in scrapy(home, "show", STORM, code=1)[1]
    assert "The proof is good" in scrapy(home, "check-proof", str(home / "proof.json"))[0]
    assert scrapy(home, "prove", FERRY, "--file", str(home / "again.json"))
    assert Store(home / "data").exists()
