"""A file system where reading deadly.jpg kills the process that reads, as a decoder's crash would.

With this folder in PYTHONPATH, Python loads this file at every start, also in Ray's workers. `deadly://` is
then a disk with that one difference.
"""

import os
import signal
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem


class DeadlyFileSystem(LocalFileSystem):
    protocol = ("deadly", "file")

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        return super()._strip_protocol(str(path).removeprefix("deadly://"))

    def cat_file(self, path: str, *arguments: Any, **options: Any) -> bytes:
        if path.endswith("/deadly.jpg"):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().cat_file(path, *arguments, **options)


fsspec.register_implementation("deadly", DeadlyFileSystem)
