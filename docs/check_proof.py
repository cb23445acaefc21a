"""Check a proof of newswarc without newswarc: python3 check_proof.py PROOF.json [AUTHORITY.pem]. Needs openssl."""

import base64
import gzip
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path


def sha256(data):
    return hashlib.sha256(data).digest()


def openssl(*arguments, **files):  # in a folder with these files; its refusal ends the script
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
        done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def root(leaf, index, last, path):  # up the Merkle tree (RFC 6962, 2.1), whose last leaf has the index `last`
    while last:
        if index & 1:
            leaf = sha256(b"\1" + bytes.fromhex(path.pop(0)) + leaf)
        elif index < last:
            leaf = sha256(b"\1" + leaf + bytes.fromhex(path.pop(0)))
        index, last = index >> 1, last >> 1
    return leaf.hex() if not path else "a path that leads further"


proof, trees, records = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), {}, {}
for one in proof["seals"]:
    seal = json.loads(one["seal"])
    statement, key = json.loads(seal["statement"]), seal["publicKey"]
    pem = f"-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n".encode()
    files = {"key": pem, "sig": base64.b64decode(seal["signature"]), "text": seal["statement"].encode()}
    openssl("dgst", "-sha256", "-verify", "key", "-signature", "sig", "text", **files)
    trees[one["number"]] = statement["tree"]
    print(f"seal of {statement['made']}, signed by sha256:{sha256(base64.b64decode(key, validate=True)).hex()}")
    if one["stamp"] and len(sys.argv) > 2:
        files = {"data": one["seal"].encode(), "tsr": base64.b64decode(one["stamp"])}
        files["pem"] = Path(sys.argv[2]).read_bytes()
        openssl("ts", "-verify", "-data", "data", "-in", "tsr", "-CAfile", "pem", **files)
        print("  and stamped by the authority")
for one in proof["records"]:
    records[one["role"]] = record = gzip.decompress(base64.b64decode(one["member"]))
    tree = trees[one["seal"]]
    assert root(sha256(b"\0" + record), one["index"], tree["size"] - 1, one["path"]) == tree["root"], one["role"]
head, _, text = records["text"].partition(b"\r\n\r\n")
page = dict(line.split(": ", 1) for line in records["response"].split(b"\r\n\r\n")[0].decode().split("\r\n")[1:])
about = [f"WARC-Refers-To: {page['WARC-Record-ID']}", "WARC-Type: conversion"]
assert set(about) <= set(head.decode().split("\r\n")) and page["WARC-Type"] == "response", "no text of this page"
print(f"{len(records)} records are as they were sealed, and a text of {page['WARC-Target-URI']} at {page['WARC-Date']}")
if there := proof["quotation"]:
    assert text.decode()[there["start"] : there["end"]] == there["text"], "the quotation is not in the text"
    print(f"which has, in paragraph {there['paragraph']}: {there['text']}")
