"""Files that are either whole or not there: written under a temporary name, then renamed."""

import os
from pathlib import Path


def replace_file(path: Path, data: bytes | memoryview) -> None:
    """Writes `data` to `path` in one step: whoever looks sees the old file or the new one, never half."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with open(partial, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
