"""What several tests share: a tiny network, and photos made on the spot."""

import io
import os
import pickle
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from absl import logging as absl_logging
from PIL import Image

from tests.helpers.disk import full_disk
from tests.helpers.network import TINY

LITTER = pytest.StashKey[str]()
# Tests that start a page, a Hub, training or a fresh process, each for seconds: all of these files are slow.
SLOW_FILES = (
    "cluster/test_command.py",
    "cluster/test_faults.py",
    "cluster/test_subprocess_worker.py",
    "hints/test_far_places.py",
    "page/",
    "pretrained/test_hub_download.py",
    "publishing/",
    "scripts/",
    "test_fuzz.py",
    "test_quiet_tensorflow.py",
    "training/test_init_from_teacher.py",
    "training/test_schedule.py",
    "training/test_teacher.py",
    "training/test_trainer.py",
)


def pytest_configure(config):
    """Everything that the tests write, and the programs that they start, is deleted at the end.

    Temporary files of a browser, or of a page that is killed, go as well. The caches of the user are neither
    read nor changed: which runtime was the faster, fonts, the Hub, settings of Keras and of the browser.
    """
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())  # what failed is kept, out of it
    user_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    os.environ.setdefault("PLAYWRIGHT_BROWSERS_PATH", str(user_cache / "ms-playwright"))
    folder = tempfile.mkdtemp(prefix="colorizer-tests-")
    config.stash[LITTER] = os.environ["TMPDIR"] = tempfile.tempdir = folder
    os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"
    os.environ["XDG_CONFIG_HOME"] = f"{folder}/config"
    os.environ["KERAS_HOME"] = f"{folder}/keras"
    os.environ["HF_HOME"] = f"{folder}/cache/huggingface"
    os.environ["MPLCONFIGDIR"] = f"{folder}/cache/matplotlib"
    # Uvicorn closes all logs when a page starts, and absl's would close the file that pytest captures with.
    absl_logging.get_absl_handler().python_handler.setStream(sys.__stderr__)


def pytest_collection_modifyitems(items):
    folder = Path(__file__).parent
    for item in items:
        if item.path.relative_to(folder).as_posix().startswith(SLOW_FILES):
            item.add_marker(pytest.mark.slow)


def pytest_unconfigure(config):
    shutil.rmtree(config.stash[LITTER], ignore_errors=True)


@pytest.fixture(scope="session")
def tiny_network():
    from colorizer.model.network import build_network  # with Keras, which most tests do without

    return build_network(TINY, precision="float32", seed=0)


@pytest.fixture(scope="session")
def tiny_colorizer(tiny_network):
    from colorizer import Colorizer

    return Colorizer.from_network(tiny_network)


@pytest.fixture(scope="session")
def color_image() -> Callable[..., Image.Image]:
    """Makes smooth random colour pictures: `color_image(width, height, seed=0)`."""

    def make(width: int, height: int, seed: int = 0) -> Image.Image:
        blocks = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
        return Image.fromarray(blocks).resize((width, height), Image.BICUBIC)

    return make


@pytest.fixture(scope="session")
def photo_bytes(color_image) -> Callable[..., bytes]:
    """Makes the bytes of a colour photo file: `photo_bytes(seed, "PNG", side=40, **save options)`."""

    def make(seed: int = 0, kind: str = "PNG", side: int = 40, **options) -> bytes:
        data = io.BytesIO()
        color_image(side, side, seed).save(data, kind, **options)
        return data.getvalue()

    return make


@pytest.fixture(scope="session")
def photos(tmp_path_factory, photo_bytes) -> Path:
    """A folder of 120 small colour photos in which blue is always bright and red always dark."""
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(1)
    for number in range(120):
        bright = np.asarray(Image.fromarray(random.random((3, 3)) > 0.5).resize((40, 40)))
        pixels = np.where(bright[..., None], (150, 190, 255), (110, 20, 10)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:03}.png")
    return folder


@pytest.fixture
def no_room(monkeypatch):
    """No temporary file can be made."""
    for name in ("TemporaryFile", "NamedTemporaryFile", "mkstemp", "mkdtemp"):
        monkeypatch.setattr(tempfile, name, full_disk)


@pytest.fixture
def kernels(tmp_path) -> Path:
    """A package with a small VGG16 in it."""
    from tests.helpers import vgg

    return vgg.package(tmp_path / "lpips.tar.gz", pickle.dumps(vgg.tree()))


@pytest.fixture
def grey_photo(tmp_path) -> Path:
    """A grey JPEG of 300x200 with a description, held sideways by its camera."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "Grandma at the sea"
    path = tmp_path / "grandma.jpg"
    Image.linear_gradient("L").resize((300, 200)).save(path, exif=exif)
    return path
