"""`mutated`: bytes made of good ones by small changes, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

__all__ = ["corpus", "mutated"]

CORPUS = Path(__file__).parent / "corpus"

_TOKENS = [
    token.encode("latin-1")
    for token in (
        *(
            "\r\n",
            "\n",
            "\r\n\r\n",
            "\0",
            "\t",
            " ",
            ":",
            ";",
            ",",
            "\x1b]0;x\x07",
            "\x9b",
            "\x85",
            "\xff\xfe",
            "\xef\xbb\xbf",
        ),
        *(
            "-1",
            "0",
            "99999999999999999999",
            "1e999",
            "NaN",
            "0x10",
            "-",
            "%00",
            "%0d%0a",
            "../",
            "/",
            "//",
            "\\",
            "?",
            "#",
        ),
        *(
            "http://",
            "file:///etc/passwd",
            "javascript:",
            "[::1]",
            "@",
            "xn--",
            "\u00ad",
            "<",
            ">",
            "&",
            "&#0;",
            "&x;",
            "<!--",
        ),
        *(
            "]]>",
            "<![CDATA[",
            "<!DOCTYPE a [<!ENTITY x 'y'>]>",
            "<script>",
            "</script>",
            "<p>",
            "</p>",
            "<article>",
            "{",
            "}",
        ),
        *(
            "[",
            "]",
            "[[",
            "{{",
            '"',
            "\\u0000",
            "\\ud800",
            "null",
            "true",
            "[]",
            "{}",
            "(",
            ")*",
            "(a+)+",
            "chunked",
            "gzip",
        ),
        *("br", "zstd", "WARC/1.1\r\n", "HTTP/1.1 200 OK\r\n", "Content-Length: 5\r\n", "Content-Length: -1\r\n"),
        *("Transfer-Encoding: chunked\r\n", "PK\x03\x04", "PK\x05\x06", "\x1f\x8b\x08", "\x28\xb5\x2f\xfd", "\u0130"),
    )
    for token in [token if all(ord(c) < 256 for c in token) else token.encode().decode("latin-1")]
]


def corpus(target: str) -> list[bytes]:
    """The inputs that are kept for a target, and nothing if there are none."""
    folder = CORPUS / target
    return [path.read_bytes() for path in sorted(folder.iterdir())] if folder.is_dir() else []


def mutated(seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """One of the seeds with some changes; now and then two of them spliced."""
    data = bytearray(chance.choice(seeds))
    for _ in range(1 + int(chance.expovariate(0.4))):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + 1 + int(chance.expovariate(0.08)))
        match chance.randrange(9):
            case 0:
                data[at:at] = chance.choice(_TOKENS)
            case 1:
                data[at:end] = chance.choice(_TOKENS)
            case 2:
                del data[at:end]
            case 3:
                data[at:at] = data[at:end] * chance.choice((1, 2, 50))
            case 4:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 5 if data:
                data[at % len(data)] ^= 1 << chance.randrange(8)
            case 6:
                del data[at:]
            case 7:
                other = chance.choice(seeds)
                data[at:] = other[chance.randrange(len(other) + 1) :]
            case _:
                data[at:end] = chance.randbytes(end - at)
    return bytes(data[: 1 << 16])
