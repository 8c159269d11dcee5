"""Hostile photos, made from honest ones: as many as one likes, always the same for a seed.

    make fuzz                                               # 10,000 files go through the whole way
    python -m tests.fuzz --files 1 --seed 417  # the 417th again, by itself

Every file ends in a picture or in `PhotoError`. Anything else is printed with its seed, and the status is 1.
"""

import argparse
import io
import resource
import struct
import sys
import tempfile
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from colorizer.errors import PhotoError
from colorizer.limits import Limits

KINDS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF", "BMP")
# Small enough that thousands are made in minutes, with the limits small in proportion.
LIMITS = Limits(megabytes=1, megapixels=2, seconds=10)
SLOWEST = 2 * LIMITS.seconds  # no photo may take longer: the limit, and as much for a busy machine
# Bytes that all of them together may add to the process: a picture at the limit takes 20 MB, an XMP that
# unfolds 50, and what is freed comes back in pieces.
MOST_MEMORY = 400e6


@lru_cache
def honest(kind: str, number: int) -> bytes:
    """One of some photos of a kind: grey, colour, palette, transparent, animated, with EXIF, with XMP."""
    random = np.random.default_rng([KINDS.index(kind), number])
    width, height = (int(side) for side in random.integers(8, 200, 2))
    blocks = random.integers(0, 256, (4, 5, 3), dtype=np.uint8)
    image = Image.fromarray(blocks).resize((width, height), Image.BICUBIC)
    mode = ["L", "RGB", "P", "RGBA", "CMYK", "I;16", "1"][number % 7]
    allowed = {"JPEG": "L RGB CMYK", "PNG": "L RGB P RGBA I;16 1", "WEBP": "RGB RGBA", "AVIF": "RGB RGBA",
               "GIF": "L P", "BMP": "L RGB P 1", "TIFF": "L RGB P RGBA CMYK I;16 1"}  # fmt: skip
    if mode not in allowed[kind].split():
        mode = "RGB" if kind != "GIF" else "P"
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    else:
        image = image.convert(mode)
    options: dict = {}
    if number % 3 == 0 and kind not in ("GIF", "BMP"):
        exif = Image.Exif()
        exif[0x0112] = int(random.integers(1, 9))
        exif[0x010E] = "Grandma at the sea" * int(random.integers(1, 40))
        exif.get_ifd(0x8769)[0x9003] = "1951:07:14 12:00:00"
        options["exif"] = exif.tobytes()
    if kind == "JPEG":
        options |= {"progressive": number % 2 == 0, "quality": 80}
    if kind == "TIFF":
        # libtiff, which compresses, cannot write EXIF blocks.
        kinds = ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"]
        options["compression"] = "raw" if "exif" in options else kinds[number % 4]
    if kind in ("GIF", "PNG", "WEBP", "TIFF") and number % 5 == 0:
        options |= {"save_all": True, "append_images": [image.copy(), image.rotate(90)]}
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def truncated(data: bytes, random: np.random.Generator) -> bytes:
    """The beginning only."""
    return data[: int(random.integers(0, len(data)))]


def flipped(data: bytes, random: np.random.Generator) -> bytes:
    """A few bits turned, mostly in the header, where they do more."""
    data = bytearray(data)
    for _ in range(int(random.integers(1, 12))):
        place = int(random.integers(0, len(data) if random.random() < 0.5 else min(len(data), 200)))
        data[place] ^= 1 << int(random.integers(0, 8))
    return bytes(data)


def spliced(data: bytes, random: np.random.Generator) -> bytes:
    """A piece of it elsewhere, again, or replaced by noise."""
    data = bytearray(data)
    length = int(random.integers(1, max(2, len(data) // 4)))
    source, target = (int(place) for place in random.integers(0, len(data), 2))
    piece = bytes(data[source : source + length]) if random.random() < 0.5 else random.bytes(length)
    data[target : target + (length if random.random() < 0.5 else 0)] = piece
    return bytes(data)


def lying(data: bytes, random: np.random.Generator) -> bytes:
    """Other numbers where a header says how large the picture, a block or a table is."""
    data = bytearray(data)
    value = int(random.choice([0, 1, 255, 256, 32767, 65535, 0x7FFFFFFF, 0xFFFFFFFF]))
    for _ in range(int(random.integers(1, 4))):
        place = int(random.integers(2, max(3, min(len(data) - 4, 120))))
        size = int(random.choice([2, 4]))
        order = "big" if random.random() < 0.5 else "little"
        data[place : place + size] = (value % 256**size).to_bytes(size, order)
    return bytes(data)


def bomb(data: bytes, random: np.random.Generator) -> bytes:
    """A few bytes that claim to be, or unpack to, many megapixels."""
    width, height = (int(side) for side in random.choice([1, 300, 3000, 30000, 65500, 500000], 2))
    kind = int(random.integers(0, 5))
    if kind == 0:
        return png(width, height, zlib.compress(bytes(3_000_000), 9))
    if kind == 1:
        return b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, width, -height, 1, 24, 0, 0, 1, 1, 0, 0)
    if kind == 2:
        return (
            b"GIF89a"
            + struct.pack("<HHBBB", width % 65536, height % 65536, 0xF0, 0, 0)
            + bytes(6)
            + (
                b","
                + struct.pack("<HHHHB", 0, 0, width % 65536, height % 65536, 0)
                + b"\x02\x02\x4c\x01\x00;"
            )
        )
    if kind == 3:
        tags = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8),
                (277, 3, 1), (278, 4, height), (279, 4, 4_000_000_000)]  # fmt: skip
        body = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
        return b"II*\0" + struct.pack("<IH", 8, len(tags)) + body + bytes(4)
    frame = data.find(b"\xff\xc0")
    if frame < 0:
        return png(width, height, b"")
    side = struct.pack(">HH", height % 65536, width % 65536)
    return data[: frame + 5] + side + data[frame + 9 :]


def png(width: int, height: int, packed: bytes, *more: tuple[bytes, bytes]) -> bytes:
    """A grey PNG of a given header and of given compressed data, other chunks before it."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), *more, (b"IDAT", packed), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def tagged(data: bytes, random: np.random.Generator) -> bytes:
    """Descriptions that are deep, long, of the wrong type, or in a circle."""
    packed = zlib.compress(bytes(9 * 8))
    kind = int(random.integers(0, 6))
    if kind == 0:
        depth = int(random.choice([10, 500, 20000]))
        xml = "<a>" * depth + "</a>" * depth
        return png(
            8, 8, packed, _xmp(f'<x:xmpmeta xmlns:x="adobe:ns:meta/">{RDF}{xml}</rdf:RDF></x:xmpmeta>')
        )
    if kind == 1:
        bomb = '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">' + "".join(
            f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
        )
        return png(8, 8, packed, _xmp(f"{bomb}]>{RDF}&j;</rdf:RDF>"))
    if kind == 2:
        return png(8, 8, packed, *[(b"tEXt", b"k%d\0" % i + bytes(1000)) for i in range(300)])
    if kind == 3:
        return png(8, 8, packed, (b"iCCP", b"p\0\0" + zlib.compress(bytes(4_000_000))))
    entries = []
    for tag in (0x8769, 0x8825, 0x0112, 0x010E, 0x011A, 0x0132):
        entries.append((tag, int(random.integers(0, 14)), int(random.choice([0, 1, 8, 65535, 1 << 30])), 8))
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    exif = b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + struct.pack("<I", 8)  # the next is itself
    if kind == 4:
        return png(8, 8, packed, (b"eXIf", exif))
    scan = data.find(b"\xff\xdb")
    if scan < 0 or data[:2] != b"\xff\xd8":
        return png(8, 8, packed, (b"eXIf", exif[:40]))
    block = b"Exif\0\0" + exif
    return data[:scan] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[scan:]


RDF = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'


def _xmp(text: str) -> tuple[bytes, bytes]:
    return b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + text.encode()


def untouched(data: bytes, _random: np.random.Generator) -> bytes:
    """As it is: its name will be wrong."""
    return data


ATTACKS: tuple[Callable[[bytes, np.random.Generator], bytes], ...] = (
    truncated, flipped, flipped, spliced, lying, bomb, tagged, untouched,
)  # fmt: skip


def hostile(seed: int) -> tuple[str, bytes]:
    """The hostile file of a seed: its name, whose suffix is wrong every other time, and its bytes."""
    random = np.random.default_rng([99, seed])
    kind = KINDS[seed % len(KINDS)]
    data = honest(kind, int(random.integers(0, 40)))
    attack = ATTACKS[int(random.integers(0, len(ATTACKS)))]
    data = attack(data, random)
    suffixes = {"JPEG": "jpg", "TIFF": "tif"}
    named = KINDS[int(random.integers(0, len(KINDS)))] if random.random() < 0.5 else kind
    return f"{seed}-{attack.__name__}.{suffixes.get(named, named.lower())}", data


@dataclass
class Report:
    """What became of the files."""

    outcomes: Counter = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0


def run(colorizer, seeds: range, folder: Path, seconds: float = float("inf")) -> Report:
    """Sends hostile files through reading, colouring and writing, an honest photo after every fiftieth.

    Args:
        colorizer: a `Colorizer` with `LIMITS`.
        seeds: which files.
        folder: an empty one; afterwards it is empty again.
        seconds: stop after so long.
    """
    report, start = Report(), time.monotonic()
    honest_path = folder / "honest.png"
    honest_path.write_bytes(honest("PNG", 0))
    expected = np.asarray(colorizer.colorize(honest_path, size=32))
    for seed in seeds:
        if time.monotonic() - start > seconds:
            break
        name, data = hostile(seed)
        path = folder / name
        path.write_bytes(data)
        began = time.monotonic()
        try:
            prediction = colorizer.predict(path, size=32)
            target = folder / f"out{prediction.suffix}"
            prediction.save(target)
            with Image.open(target) as image:
                image.load()
                if image.size != prediction.photo.size:
                    report.wrong.append(f"{name}: {image.size} came of {prediction.photo.size}")
            target.unlink()
            report.outcomes["coloured"] += 1
        except PhotoError as error:
            report.outcomes["refused"] += 1
            if len(str(error)) < 20:
                report.wrong.append(f"{name}: is refused with no reason: {error!r}")
        except Exception as error:  # noqa: BLE001
            report.wrong.append(f"{name}: {type(error).__name__}: {error}")
        took = time.monotonic() - began
        report.slowest = max(report.slowest, took)
        if took > SLOWEST:
            report.wrong.append(f"{name}: took {took:.0f} seconds")
        path.unlink()
        left = [path.name for path in folder.iterdir() if path != honest_path]
        if left:
            report.wrong.append(f"{name}: left behind {left}")
            for each in left:
                (folder / each).unlink()
        if seed % 50 == 0 and not np.array_equal(colorizer.colorize(honest_path, size=32), expected):
            report.wrong.append(f"after {name}: an honest photo comes out differently")
    honest_path.unlink()
    return report


def peak_memory() -> float:
    """The most memory that this process has had, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024)


def main() -> int:
    """The command; 0 if every file ended as it must."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first file")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    options = parser.parse_args()
    from colorizer import Colorizer
    from colorizer.model.network import build_network
    from tests.helpers.network import TINY

    warnings.simplefilter("ignore")
    colorizer = Colorizer.from_network(build_network(TINY, "float32", 0), LIMITS)
    with tempfile.TemporaryDirectory() as folder:
        run(colorizer, range(50), Path(folder))  # whatever is loaded only when it is needed
        before, start = peak_memory(), time.monotonic()
        seeds = range(options.seed, options.seed + options.files)
        report = run(colorizer, seeds, Path(folder), options.seconds)
    grown = peak_memory() - before
    if grown > MOST_MEMORY:
        report.wrong.append(f"memory grew by {grown / 1e6:.0f} MB")
    print("\n".join(report.wrong))
    print(
        f"{report.outcomes.total()} files in {time.monotonic() - start:.0f} s: {dict(report.outcomes)}, "
        f"{len(report.wrong)} wrong; slowest {report.slowest:.2f} s, memory +{grown / 1e6:.0f} MB"
    )
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
