"""``python trafilatura_alone.py FOLDER``: the text and metadata of every page in a folder, in one process."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from trafilatura import bare_extraction

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
found = 0
for path in sorted(Path(sys.argv[1]).iterdir()):
    document = bare_extraction(
        path.read_bytes(), url=f"http://127.0.0.1/page/{path.name}", with_metadata=True, include_comments=False
    )
    found += bool(getattr(document, "text", None))
print(found)
