"""Training photos: folders, zips and tars of files, decoded once into one memory-mapped array.

    cache = PhotoCache.build(["photos/", "more.zip"], Path(".cache/photos"))
    photo = cache[17]                      # (H, W, 3) uint8 RGB

Decoding a compressed photo needs more time than training on it, and every epoch needs all photos again. So
they are decoded once, into `pixels.bin` (all photos end to end) and `index.npz` (where each starts, its
height and width, its name). The operating system keeps as much of it in memory as fits. A photo that cannot
be read is counted and named; the others are used.

Nothing here needs Keras or scikit-image.
"""

import hashlib
import io
import json
import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

from colorizer.image.decoders import open_image
from colorizer.training.worker_pool import worker_pool

FORMAT = 1
# Photos are kept with the short side at most this: training never needs more than 256 pixels.
SHORT_SIDE = 256
# A network overfits to fewer than this.
FEWEST_PHOTOS = 100
T = TypeVar("T")
NOT_PHOTOS = {".txt", ".md", ".json", ".csv", ".html", ".xml", ".py", ".mat", ".npy", ".db", ".ini"}


@dataclass(frozen=True)
class PhotoFile:
    """One file that may be a photo: its name and its bytes, or why they could not be read."""

    name: str
    data: bytes | Exception


def _source(name: str, read: Callable[[], bytes]) -> PhotoFile:
    try:
        return PhotoFile(name, read())
    # A damaged or encrypted member or an unreadable file: the rest of the archive is still used.
    except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, tarfile.TarError) as error:
        return PhotoFile(name, error)


def iterate_sources(path: Path) -> Iterator[PhotoFile]:
    """Yields every file that may be a photo: of a folder (recursively), a zip, a tar, or the file itself.

    Raises:
        FileNotFoundError: there is nothing at `path`.
    """

    def wanted(name: str) -> bool:
        base = name.rsplit("/", 1)[-1]
        return not base.startswith(".") and Path(base).suffix.lower() not in NOT_PHOTOS

    if path.is_dir():
        for file in _files(path):
            if zipfile.is_zipfile(file) or tarfile.is_tarfile(file):
                yield from iterate_sources(file)
            elif wanted(file.name):
                yield _source(str(file), file.read_bytes)
    elif not path.exists():
        raise FileNotFoundError(f"There are no photos at {path}: no such file or folder.")
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if not entry.is_dir() and wanted(entry.filename):
                    yield _source(f"{path}/{entry.filename}", partial(archive.read, entry))
    elif tarfile.is_tarfile(path):
        with tarfile.open(path) as tar:
            for member in tar:
                if member.isfile() and wanted(member.name) and (data := tar.extractfile(member)):
                    yield _source(f"{path}/{member.name}", data.read)
    else:
        yield _source(str(path), path.read_bytes)


def _files(folder: Path) -> Iterator[Path]:
    """The files below a folder in the order of `sorted(folder.rglob("*"))`, without a list of all of them."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
        elif entry.is_file():
            yield Path(entry.path)


def decode(data: bytes) -> np.ndarray:
    """The photo in `data` as (H, W, 3) uint8 RGB, upright, its short side at most `SHORT_SIDE`.

    Raises:
        ValueError: it is a grey photo (nothing to learn) or too small.
        OSError, SyntaxError: Pillow cannot read it.
    """
    with open_image(io.BytesIO(data)) as image:
        image.draft("RGB", (2 * SHORT_SIDE, 2 * SHORT_SIDE))  # lets JPEG decode at a lower resolution
        if image.mode in ("1", "L", "LA", "I", "I;16", "F"):
            raise ValueError("it is grey")
        image = ImageOps.exif_transpose(image).convert("RGB")
    short = min(image.size)
    if short < 32:
        raise ValueError(f"it is only {image.width}x{image.height} pixels")
    if short > SHORT_SIDE:
        scale = SHORT_SIDE / short
        size = (round(image.width * scale), round(image.height * scale))
        image = image.resize(size, Image.Resampling.LANCZOS)
    return np.asarray(image)


class PhotoCache:
    """Decoded photos on disk; indexes like a list of (H, W, 3) uint8 arrays, safe from many threads."""

    shard_sizes: tuple[int, ...] | None = None  # all lie in one array, in any order as quick to read

    def __init__(self, folder: Path):
        self.folder = folder
        index = np.load(folder / "index.npz")
        self.offsets, self.shapes = index["offsets"], index["shapes"]
        self.names: list[str] = index["names"].tolist()
        self.unreadable: dict[str, str] = json.loads((folder / "cache.json").read_text())["unreadable"]
        pixels = folder / "pixels.bin"  # an empty file cannot be mapped
        self.pixels = np.memmap(pixels, np.uint8, "r") if pixels.stat().st_size else np.empty(0, np.uint8)

    def __len__(self) -> int:
        return len(self.offsets)

    @property
    def checksum(self) -> bytes:
        """Differs where the photos' number, sizes or order do."""
        return zlib.crc32(self.shapes.tobytes()).to_bytes(4, "big")

    def __reduce__(self) -> tuple[type["PhotoCache"], tuple[Path]]:
        """A process that gets the cache opens it by itself: the photos are not copied."""
        return PhotoCache, (self.folder,)

    def __getitem__(self, number: int) -> np.ndarray:
        height, width = self.shapes[number]
        start = self.offsets[number]
        return self.pixels[start : start + height * width * 3].reshape(height, width, 3)

    @classmethod
    def build(
        cls,
        paths: Iterable[Path | str],
        root: Path | str,
        fewest: int = FEWEST_PHOTOS,
        workers: int = 0,
    ) -> "PhotoCache":
        """Opens the cache of these photos under `root`; makes it first if it does not exist.

        Args:
            paths: folders, zips, tars or single photos.
            root: the folder that holds caches; each set of paths has its own, identified by
                the files' names, sizes and times of change.
            fewest: fewer usable photos than this is an error.
            workers: how many processes decode; 0: threads of this one, which decode AVIF one at a time.

        Raises:
            FileNotFoundError: one of the paths does not exist.
            ValueError: fewer than `fewest` photos could be used.
        """
        sources = [Path(path) for path in paths]
        folder = Path(root) / _fingerprint(sources)
        if not (folder / "cache.json").exists():
            _write(sources, folder, workers)
        cache = cls(folder)
        if len(cache) < fewest:
            examples = "".join(f"\n  {name}: {why}" for name, why in islice(cache.unreadable.items(), 5))
            shutil.rmtree(folder)
            raise ValueError(
                f"Training needs at least {fewest} usable colour photos. Received: {len(cache)} "
                f"(and {len(cache.unreadable)} unusable) in {', '.join(map(str, sources))}{examples}"
            )
        return cache


def _fingerprint(paths: list[Path]) -> str:
    """Names a set of photos by path, size and time of change of every file in it."""
    digest = hashlib.sha256(f"{FORMAT} {SHORT_SIDE}".encode())
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"There are no photos at {path}: no such file or folder.")
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            stat = file.stat()
            digest.update(f"{file.resolve()} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def try_decode(source: PhotoFile) -> tuple[str, np.ndarray | str]:
    """A photo and its name, or its name and what is wrong with it."""
    try:
        if isinstance(source.data, Exception):
            raise source.data
        return source.name, decode(source.data)
    # A broken file can make Pillow raise anything. The photo is named with the error; the others are used.
    except Exception as error:  # noqa: BLE001
        return source.name, f"{type(error).__name__}: {error}"


def map_sources(
    function: Callable[[PhotoFile], tuple[str, T | str]], paths: Iterable[Path], workers: int
) -> Iterator[tuple[str, T | str]]:
    """What `function` makes of every file of `paths`, in their order, with a bar of the progress.

    Args:
        function: gives a source's name, and what it makes of it or what is wrong.
        paths: as `iterate_sources` accepts them.
        workers: how many processes work; 0: threads of this one.
    """
    sources = (source for path in paths for source in iterate_sources(path))
    threads = min(8, os.cpu_count() or 1)
    pool: Executor = worker_pool(workers) if workers else ThreadPoolExecutor(threads)
    with pool, tqdm(desc="decoding photos", unit="photo") as progress:
        while batch := list(islice(sources, 32 * (workers or threads))):
            for result in pool.map(function, batch, chunksize=4):
                progress.update()
                yield result


def _write(paths: list[Path], folder: Path, workers: int) -> None:
    """Decodes the photos of `paths` into `folder`, which appears only when it is complete."""
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
    unfinished.mkdir(parents=True)
    offsets, shapes, names, unreadable, position = [], [], [], {}, 0
    try:
        with open(unfinished / "pixels.bin", "wb") as pixels:
            for name, photo in map_sources(try_decode, paths, workers):
                if isinstance(photo, str):
                    unreadable[name] = photo
                    continue
                pixels.write(photo.tobytes())
                offsets.append(position)
                shapes.append(photo.shape[:2])
                names.append(name)
                position += photo.size
        np.savez(
            unfinished / "index.npz",
            offsets=np.array(offsets, np.int64),
            shapes=np.array(shapes, np.int64).reshape(-1, 2),
            names=np.array(names, str),
        )
        (unfinished / "cache.json").write_text(json.dumps({"unreadable": unreadable}, indent=1))
        try:
            os.replace(unfinished, folder)
        except OSError:
            if not (folder / "cache.json").exists():  # otherwise another process was faster
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
