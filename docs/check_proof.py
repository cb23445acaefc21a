"""Check a proof of newswarc without newswarc: python3 check_proof.py PROOF.json [AUTHORITY.pem]. Needs openssl."""

import base64
import gzip
import json
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path


def demand(true, what):
    true or sys.exit(f"The proof is NOT good: {what}.")


def openssl(*arguments, **files):
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
        done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True)
        demand(done.returncode == 0, f"openssl {arguments[0]} says {done.stdout + done.stderr}")


def root(leaf, index, last, path):  # up the Merkle tree (RFC 6962, 2.1), whose last leaf has the index `last`
    while last:
        if index & 1:
            leaf = sha256(b"\1" + bytes.fromhex(path.pop(0)) + leaf).digest()
        elif index < last:
            leaf = sha256(b"\1" + leaf + bytes.fromhex(path.pop(0))).digest()
        index, last = index >> 1, last >> 1
    return leaf.hex() if not path else "a path that leads further"


proof, trees, heads, blocks = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), {}, {}, {}
for one in proof["seals"]:
    seal = json.loads(one["seal"])
    said, key = json.loads(seal["statement"]), base64.b64decode(seal["publicKey"], validate=True)
    files = {"key": key, "sig": base64.b64decode(seal["signature"]), "text": seal["statement"].encode()}
    openssl("dgst", "-sha256", "-keyform", "DER", "-verify", "key", "-signature", "sig", "text", **files)
    trees[one["number"]] = said["tree"]
    print(f"seal of {said['made']!a}, signed by sha256:{sha256(key).hexdigest()}")
    if one["stamp"] and len(sys.argv) > 2:
        files = {"data": one["seal"].encode(), "tsr": base64.b64decode(one["stamp"])}
        openssl("ts", "-verify", "-data", "data", "-in", "tsr", "-CAfile", str(Path(sys.argv[2]).resolve()), **files)
        print("  and stamped by the authority")
for one in proof["records"]:
    role, tree, record = one["role"], trees[one["seal"]], gzip.decompress(base64.b64decode(one["member"]))
    reached = root(sha256(b"\0" + record).digest(), one["index"], tree["size"] - 1, one["path"])
    demand(reached == tree["root"], f"{role} was changed")
    head, _, blocks[role] = record.partition(b"\r\n\r\n")
    heads[role] = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    odd = len(heads[role]) != head.count(b"\r\n") or int(heads[role]["Content-Length"]) != len(blocks[role]) - 4
    demand(not odd, f"{role} is no plain record")
text, page = heads["text"], heads["response"]
demand(text["WARC-Type"] + page["WARC-Type"] == "conversionresponse", "records of other types")
demand(text["WARC-Refers-To"] == page["WARC-Record-ID"], "the text is of another page")
there = proof["quotation"] or {"start": 0, "end": 0, "text": ""}
demand(blocks["text"][:-4].decode()[max(there["start"], 0) : there["end"]] == there["text"], "it has no such text")
print(f"{len(heads)} sealed records: {page['WARC-Target-URI']!a} at {page['WARC-Date']!a} has", repr(there["text"]))
