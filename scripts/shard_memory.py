"""Memory of training photos in shards: a million synthetic ones are written, then read in a pass of crops.

    PYTHONPATH=. python scripts/shard_memory.py --photos 1000000 --folder /tmp/shards

Prints the memory of the process, its own and that of files that it has mapped, at ten moments of writing and
of reading: it must not grow with the photos. At the end it reads from the middle of the pass, as a resumed
run does, and compares. The photos are 64x64 JPEGs of about 1 kB, a thousand different ones in turn. The
folder is deleted at the end.
"""

import argparse
import io
import shutil
import time
from pathlib import Path

import numpy as np
from PIL import Image

from colorizer.training.crops import BatchStream
from colorizer.training.shards import JPEG, ShardedPhotos, ShardWriter

DIFFERENT, SIDE, BATCH = 1000, 64, 100
STATUS = Path("/proc/self/status")  # of Linux


def memory() -> str:
    """Private memory and mapped files, in MB."""
    fields = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
    private, mapped = (int(fields[name].split()[0]) / 1024 for name in ("RssAnon", "RssFile"))
    return f"{private:.0f} MB private, {mapped:.0f} MB of files"


def jpegs() -> list[bytes]:
    """Photos of two colours each."""
    random = np.random.default_rng(0)
    photos = []
    for colors in random.integers(0, 256, (DIFFERENT, 2, 1, 3), np.uint8):
        data = io.BytesIO()
        image = Image.fromarray(colors).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        image.save(data, "JPEG", **JPEG)
        photos.append(data.getvalue())
    return photos


def write(folder: Path, count: int, shard_bytes: int) -> None:
    """Writes the shards."""
    photos, began = jpegs(), time.monotonic()
    with ShardWriter(folder, shard_bytes=shard_bytes) as writer:
        for number in range(count):
            writer.add(photos[number % DIFFERENT])
            if (number + 1) % (count // 10) == 0:
                print(f"written {number + 1:9,}: {memory()}, {time.monotonic() - began:.0f} s", flush=True)


def read(folder: Path) -> None:
    """One pass, and a part of it again from its middle."""
    photos = ShardedPhotos([folder])
    print(f"{len(photos):,} photos in {len(photos.shards)} shards")
    stream = BatchStream(photos, 0, 2.0, shard_sizes=photos.shard_sizes)
    tenth, began = len(photos) // 10, time.monotonic()
    middle = 5 * tenth
    for position in range(0, len(photos), BATCH):
        batch = stream.batch(position, BATCH, SIDE)
        if position == middle:
            kept = batch
        if (position + BATCH) % tenth == 0:
            print(f"read {position + BATCH:12,}: {memory()}, {time.monotonic() - began:.0f} s", flush=True)
    began = time.monotonic()
    resumed = BatchStream(ShardedPhotos([folder]), 0, 2.0, shard_sizes=photos.shard_sizes)
    same = np.array_equal(kept, resumed.batch(middle, BATCH, SIDE))
    crops = "the same crops" if same else "OTHER CROPS"
    print(f"resumed at {middle:,} in {time.monotonic() - began:.2f} s: {crops}")


def main() -> None:
    """Writes, reads, deletes."""
    parser = argparse.ArgumentParser(description="Memory of a million photos in shards.")
    parser.add_argument("--photos", type=int, default=1_000_000, help="how many, a multiple of 1,000")
    parser.add_argument("--folder", type=Path, default=Path("/tmp/shards"), help="does not exist yet")
    parser.add_argument(
        "--shard-bytes",
        type=int,
        default=3 * 2**20,
        help="small files for small photos: as many of them, with as many photos each, as real ones have",
    )
    options = parser.parse_args()
    try:
        write(options.folder, options.photos, options.shard_bytes)
        read(options.folder)
    finally:
        shutil.rmtree(options.folder, ignore_errors=True)


if __name__ == "__main__":
    main()
