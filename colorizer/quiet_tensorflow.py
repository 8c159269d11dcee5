"""Keeps TensorFlow's greetings off the screen; for entry points only.

    quiet_tensorflow.install()      # then, whenever it comes to that, `import tensorflow`

While TensorFlow is imported, its C++ code writes to standard error which instructions it uses and that its
logging is not set up yet. TF_CPP_MIN_LOG_LEVEL does not reach these lines: they are written before it is
read. So the lines are filtered here, while the import lasts. Everything else that arrives goes through.
"""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

STDERR = 2
# An information line of absl's log, "I0000 00:00:1795747820.796810   17011 port.cc:153] …", and its preface.
GREETING = re.compile(rb"WARNING: All log messages before absl::InitializeLog\(\)|I\d{4} [\d:. ]+\S+:\d+\]")


def install() -> None:
    """From now on the first import of TensorFlow is quiet. A program calls it before it imports Keras."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # information and warnings that come later
    if "tensorflow" not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


@contextmanager
def without_greetings() -> Iterator[None]:
    """What C++ code writes to standard error arrives when the block ends, without TensorFlow's greetings."""
    import tempfile  # 10 ms, which `colorizer --help` does not need

    with ExitStack() as stack:
        try:
            written = stack.enter_context(tempfile.TemporaryFile())
            screen = os.dup(STDERR)
        except OSError:  # a full disk, or a service without a standard error: the lines go where they would
            yield
            return
        os.dup2(written.fileno(), STDERR)
        try:
            yield
        finally:
            os.dup2(screen, STDERR)
            os.close(screen)
            written.seek(0)
            for line in written:
                if not GREETING.match(line):
                    os.write(STDERR, line)


class _Finder(MetaPathFinder):
    """Finds TensorFlow where it is, and has it loaded quietly."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "tensorflow":
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(Loader):
    """Loads a module as its own loader does, without greetings."""

    def __init__(self, loader: Loader):
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # importlib.resources and the like ask for the loader later: they get its own.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        with without_greetings():
            self._loader.exec_module(module)
