"""Photos by the million: tar files of small JPEGs, read one photo at a time.

    python -m colorizer.training.shards PHOTOS [PHOTOS ...] OUT [--workers 8]
    python train.py --photos OUT

`PhotoCache` keeps every photo's pixels on disk and its name in memory, which is right for tens of thousands.
Shards keep photos, no larger than training needs, as JPEGs in tar files of 64 MB. This is the format of
WebDataset, and any tar reads it. `index.bin` has the place of each photo (16 bytes), `shards.json` the number
in each file. Memory does not grow with the number of photos: the index is mapped, and a photo is decoded
whenever a crop is cut from it.

Photos are dealt out to 32 files at random, so that each file has some of every folder. `crops.py` has the
order in which training reads them.
"""

import argparse
import io
import json
import os
import shutil
import sys
import tarfile
import threading
import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from colorizer.image.decoders import open_image
from colorizer.training.photo_cache import FEWEST_PHOTOS, PhotoCache, PhotoFile, map_sources, try_decode

SHARD_FORMAT = 1
ABOUT, INDEX, UNUSABLE = "shards.json", "index.bin", "unusable.txt"
SHARD_BYTES = 64 * 2**20  # about 3,000 photos: large enough for a disk or a file server to read quickly
# Files that are written at the same time. Photos of one folder often show the same: all of these get some.
OPEN_SHARDS = 32
# Without chroma subsampling, since colour is what is learnt. The mean error is about 1 of 255.
JPEG = {"quality": 95, "subsampling": 0}
HEADER = 512  # bytes before each file in a tar
OPEN_FILES = 64  # more than the shards between which training changes


# --- writing ---------------------------------------------------------------------------------------------


class _OpenShard:
    """A tar that is being written, and where its photos lie."""

    def __init__(self, path: Path):
        self.path, self.places = path, list[tuple[int, int]]()
        self.tar = tarfile.open(path, "w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115

    def add(self, name: str, data: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        self.places.append((self.tar.offset + HEADER, len(data)))
        self.tar.addfile(member, io.BytesIO(data))


class ShardWriter:
    """Writes photos into a folder of shards, which appears only when it is complete; a context manager."""

    def __init__(self, out: Path, seed: int = 0, shard_bytes: int = SHARD_BYTES):
        """Makes a temporary folder beside `out`.

        Raises:
            FileExistsError: there is something at `out`.
        """
        if out.exists():
            raise FileExistsError(f"Shards are written into a new folder. Received: {out}, which exists")
        self.out, self.shard_bytes = out, shard_bytes
        self.unfinished = out.with_name(f"{out.name}.{os.getpid()}.partial")
        self.random = np.random.default_rng(seed)
        self.open: dict[int, _OpenShard] = {}
        self.sizes: list[int] = []
        self.photos = self.unusable = self.bytes = 0

    def __enter__(self) -> "ShardWriter":
        self.unfinished.mkdir(parents=True)
        self.index = open(self.unfinished / INDEX, "wb")
        self.reasons = open(self.unfinished / UNUSABLE, "w", encoding="utf-8")
        return self

    def __exit__(self, error: object, *_: object) -> None:
        try:
            for slot in sorted(self.open):
                self._close(slot)
            self.index.close()
            self.reasons.close()
            if error is None:
                about = {"format": SHARD_FORMAT, "photos": self.sizes}
                (self.unfinished / ABOUT).write_text(json.dumps(about))
                os.replace(self.unfinished, self.out)
        finally:
            shutil.rmtree(self.unfinished, ignore_errors=True)

    def add(self, data: bytes) -> None:
        """Adds a photo, as `encode` gives it."""
        slot = int(self.random.integers(OPEN_SHARDS))
        if slot not in self.open:
            self.open[slot] = _OpenShard(self.unfinished / f"{slot}.writing")
        shard = self.open[slot]
        shard.add(f"{self.photos:09}.jpg", data)
        self.photos += 1
        if shard.tar.offset >= self.shard_bytes:
            self._close(slot)

    def skip(self, name: str, reason: str) -> None:
        """Names a photo that cannot be used."""
        self.unusable += 1
        self.reasons.write(f"{name}: {reason}\n")

    def _close(self, slot: int) -> None:
        shard = self.open.pop(slot)
        shard.tar.close()
        shard.path.rename(shard_path(self.unfinished, len(self.sizes)))
        self.bytes += shard.tar.offset
        self.sizes.append(len(shard.places))
        self.index.write(np.array(shard.places, "<i8").tobytes())


def shard_path(folder: Path, number: int) -> Path:
    """The name of a shard."""
    return folder / f"{number:06}.tar"


def encode(source: PhotoFile) -> tuple[str, bytes | str]:
    """A photo's name, and the photo as a small JPEG or what is wrong with it."""
    name, photo = try_decode(source)
    if isinstance(photo, str):
        return name, photo
    data = io.BytesIO()
    Image.fromarray(photo).save(data, "JPEG", **JPEG)
    return name, data.getvalue()


# --- reading ---------------------------------------------------------------------------------------------


class ShardedPhotos:
    """Photos in shards; indexes like a list of (H, W, 3) uint8 arrays, safe from many threads.

    Attributes:
        shard_sizes: how many photos are in each shard; a shard's photos have numbers in a row.
    """

    def __init__(self, folders: Sequence[Path]):
        """Opens folders that `ShardWriter` has written.

        Raises:
            ValueError: a folder is damaged, or of another format.
        """
        self.folders = [Path(folder) for folder in folders]
        self.unreadable: dict[str, str] = {}  # named when the shards were written
        self.shards: list[tuple[Path, np.ndarray]] = []  # the file, and (photos, 2): offset and length
        for folder in self.folders:
            about = json.loads((folder / ABOUT).read_text())
            if about["format"] != SHARD_FORMAT:
                raise ValueError(
                    f"Shards must have format {SHARD_FORMAT}. Received: {about['format']} in {folder}"
                )
            index = np.memmap(folder / INDEX, "<i8", "r").reshape(-1, 2)
            if len(index) != sum(about["photos"]):
                raise ValueError(
                    f"{folder / INDEX} must list {sum(about['photos'])} photos. Received: {len(index)}"
                )
            places = np.split(index, np.cumsum(about["photos"])[:-1])
            self.shards += [(shard_path(folder, number), each) for number, each in enumerate(places)]
        self.shard_sizes = tuple(len(places) for _, places in self.shards)
        self.starts = np.cumsum([0, *self.shard_sizes])

    def __len__(self) -> int:
        return int(self.starts[-1])

    def __reduce__(self) -> tuple[type["ShardedPhotos"], tuple[list[Path]]]:
        """A process that gets the photos opens them by itself."""
        return ShardedPhotos, (self.folders,)

    @property
    def checksum(self) -> bytes:
        """Differs where the photos' number, sizes or order do."""
        crc = 0
        for _, places in self.shards:
            crc = zlib.crc32(places.tobytes(), crc)
        return crc.to_bytes(4, "big")

    def __getitem__(self, number: int) -> np.ndarray:
        """Reads and decodes one photo.

        Raises:
            OSError: the shard is damaged there.
        """
        shard = int(np.searchsorted(self.starts, number, "right")) - 1
        path, places = self.shards[shard]
        offset, length = map(int, places[number - self.starts[shard]])
        try:
            with open_image(io.BytesIO(_open(path).read(offset, length))) as image:
                return np.asarray(image)
        except (OSError, SyntaxError) as error:
            raise OSError(f"{path} is damaged at byte {offset}: {error}") from error


class _File:
    """A file from which several threads read."""

    def __init__(self, file: BinaryIO):
        self.file = file
        self.lock = threading.Lock()

    def __del__(self) -> None:
        self.file.close()

    def read(self, offset: int, length: int) -> bytes:
        with self.lock:
            self.file.seek(offset)
            return self.file.read(length)


@lru_cache(OPEN_FILES)
def _open(path: Path) -> _File:
    return _File(open(path, "rb"))


def open_photos(
    paths: Iterable[Path | str], root: Path | str, fewest: int = FEWEST_PHOTOS, workers: int = 0
) -> PhotoCache | ShardedPhotos:
    """The photos of folders of shards, or those of folders and archives, for which see `PhotoCache.build`.

    Raises:
        FileNotFoundError: one of the paths does not exist.
        ValueError: some of the paths are shards and some are not; fewer usable photos than `fewest`.
    """
    folders = [Path(path) for path in paths]
    sharded = [(folder / ABOUT).is_file() for folder in folders]
    if not any(sharded):
        return PhotoCache.build(folders, root, fewest, workers)
    if not all(sharded):
        raise ValueError(f"Photos must be all in shards or none. Received: {', '.join(map(str, folders))}")
    photos = ShardedPhotos(folders)
    if len(photos) < fewest:
        raise ValueError(f"Training needs at least {fewest} usable colour photos. Received: {len(photos)}")
    return photos


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes shards; 0, or 2 if there is nothing to write or nowhere to."""
    parser = argparse.ArgumentParser(
        prog="python -m colorizer.training.shards",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("photos", nargs="+", type=Path, help="folders, zips and tars of colour photos")
    parser.add_argument("out", type=Path, help="a new folder for the shards")
    parser.add_argument("--workers", type=int, default=0, help="processes; 0: threads of this one")
    parser.add_argument("--seed", type=int, default=0, help="of the order of the photos")
    options = parser.parse_args(arguments)
    try:
        with ShardWriter(options.out, options.seed) as writer:
            for name, photo in map_sources(encode, options.photos, options.workers):
                if isinstance(photo, str):
                    writer.skip(name, photo)
                else:
                    writer.add(photo)
    except (FileNotFoundError, FileExistsError) as error:
        print(f"colorizer.training.shards: {error}", file=sys.stderr)
        return 2
    print(
        f"{writer.photos} photos in {len(writer.sizes)} shards, {writer.bytes / 1e6:.1f} MB; "
        f"{writer.unusable} unusable, see {UNUSABLE}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
