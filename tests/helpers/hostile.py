"""Hostile photos, made from honest ones: as many as needed, always the same for a seed.

    name, data = hostile(417)

Every type that is read is attacked in every way: cut off, with bits turned, with wrong sizes, as a bomb, with
hostile metadata, under another type's name, and as a container that pretends to be another.
"""

import io
import struct
import zlib
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from PIL import Image

from colorizer.image.decoders import register_heif

register_heif()
KINDS = (
    "JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF", "BMP", "HEIF", "JPEG2000", "TGA", "PPM", "DIB", "MPO",
)  # fmt: skip
SUFFIXES = {"JPEG": "jpg", "TIFF": "tif", "HEIF": "heic", "JPEG2000": "jp2"}


@lru_cache
def honest(kind: str, number: int) -> bytes:
    """One of some photos of a kind: grey, colour, palette, transparent, animated, with EXIF, with XMP."""
    random = np.random.default_rng([KINDS.index(kind), number])
    width, height = (int(side) for side in random.integers(8, 200, 2))
    blocks = random.integers(0, 256, (4, 5, 3), dtype=np.uint8)
    image = Image.fromarray(blocks).resize((width, height), Image.BICUBIC)
    mode = ["L", "RGB", "P", "RGBA", "CMYK", "I;16", "1"][number % 7]
    allowed = {"JPEG": "L RGB CMYK", "PNG": "L RGB P RGBA I;16 1", "WEBP": "RGB RGBA", "AVIF": "RGB RGBA",
               "GIF": "L P", "BMP": "L RGB P 1", "TIFF": "L RGB P RGBA CMYK I;16 1", "HEIF": "L RGB RGBA",
               "JPEG2000": "L RGB RGBA I;16", "TGA": "L RGB P RGBA 1", "PPM": "L RGB I;16 1",
               "DIB": "L RGB P 1", "MPO": "L RGB CMYK"}  # fmt: skip
    if mode not in allowed[kind].split():
        mode = "RGB" if kind != "GIF" else "P"
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    else:
        image = image.convert(mode)
    options: dict = {}
    if number % 3 == 0 and kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF", "MPO"):
        exif = Image.Exif()
        exif[0x0112] = int(random.integers(1, 9))
        exif[0x010E] = "Grandma at the sea" * int(random.integers(1, 40))
        exif.get_ifd(0x8769)[0x9003] = "1951:07:14 12:00:00"
        options["exif"] = exif.tobytes()
    if kind == "JPEG":
        options |= {"progressive": number % 2 == 0, "quality": 80}
    if kind == "JPEG" and number % 4 == 0:
        options["comment"] = b"bought in Leeds"
    if kind == "TIFF":
        # libtiff, which compresses, cannot write EXIF blocks.
        kinds = ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"]
        options["compression"] = "raw" if "exif" in options else kinds[number % 4]
    if kind == "MPO" or (kind in ("GIF", "PNG", "WEBP", "TIFF", "HEIF") and number % 5 == 0):
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


def disguised(data: bytes, random: np.random.Generator) -> bytes:
    """A container that pretends to be another: its first bytes, its brand, or what is inside it."""
    choice = int(random.integers(0, 6))
    if choice == 0:  # the signature of another type in front of this content
        signature = SIGNATURES[int(random.integers(0, len(SIGNATURES)))]
        return signature + data[len(signature) :]
    if choice == 1:  # the same, but all of the content
        return SIGNATURES[int(random.integers(0, len(SIGNATURES)))] + data
    if choice == 2:  # HEIF, AVIF, JPEG 2000 and films differ in a brand
        brands = [b"avif", b"avis", b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"jp2 ", b"isom", b"crx "]
        at = data.find(b"ftyp")
        brand = brands[int(random.integers(0, len(brands)))]
        if at < 0:
            return b"\0\0\0\x14ftyp" + brand + bytes(8) + data
        return data[: at + 4] + brand + data[at + 8 :]
    if choice == 3:  # one picture behind another, or a program behind it
        return data + (PROGRAM if random.random() < 0.5 else honest(KINDS[int(random.integers(0, 9))], 1))
    if choice == 4:  # the picture inside IPTC, which Pillow would open with every decoder
        block = PROGRAM if random.random() < 0.5 else data[:30000]
        records = [((3, 20), b"\0\0\0\x40"), ((3, 60), b"\1\0"), ((3, 120), b"\0\0\0\5"), ((8, 10), block)]
        return b"".join(b"\x1c" + bytes(tag) + len(body).to_bytes(2, "big") + body for tag, body in records)
    # a TIFF whose only strip is another file, as JPEG or as it is
    compression = int(random.choice([1, 6, 7, 8, 50001, 34712]))
    tags = [(256, 4, 64), (257, 4, 64), (258, 3, 8), (259, 3, compression), (262, 3, 1), (273, 4, 134),
            (277, 3, 1), (278, 4, 64), (279, 4, len(data)), (254, 4, int(random.integers(0, 2)))]  # fmt: skip
    body = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in sorted(tags))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + body + bytes(4) + data


PROGRAM = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\n{} loop\n%%EOF\n"
# What files begin with: of types that are read, of types that are recognised and refused, and of others.
SIGNATURES = (
    b"\xff\xd8\xff\xe0\0\x10JFIF\0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\0", b"MM\0*",
    b"II+\0\x08\0\0\0", b"RIFF\xff\xff\0\0WEBPVP8 ", b"RIFF\xff\xff\0\0WEBPVP8X",
    b"\0\0\0\x1cftypavif", b"\0\0\0\x18ftypheic", b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51",
    b"P5\n64 64\n255\n", b"P6\n64 64\n65535\n", b"Pf\n64 64\n-1\n", b"\xff\x0a",
    b"\0\0\0\x0cJXL \r\n\x87\n", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"%PDF-1.7\n", b"8BPS\0\1", b"PK\3\4",
    b"<svg ", b"\x89HDF\r\n\x1a\n", b"GRIB", b"BUFR", b"\xd7\xcd\xc6\x9a\0\0", b"\0\0\1\0\1\0", b"icns",
    b"qoif", b"SIMPLE  =",
)  # fmt: skip


def untouched(data: bytes, _random: np.random.Generator) -> bytes:
    """As it is: its name will be wrong."""
    return data


ATTACKS: tuple[Callable[[bytes, np.random.Generator], bytes], ...] = (
    truncated, flipped, flipped, spliced, lying, bomb, tagged, disguised, disguised, untouched,
)  # fmt: skip


def hostile(seed: int) -> tuple[str, bytes]:
    """The hostile file of a seed: its name, whose suffix is wrong every other time, and its bytes."""
    random = np.random.default_rng([99, seed])
    kind = kind_of(seed)
    data = honest(kind, int(random.integers(0, 40)))
    attack = ATTACKS[int(random.integers(0, len(ATTACKS)))]
    data = attack(data, random)
    named = KINDS[int(random.integers(0, len(KINDS)))] if random.random() < 0.5 else kind
    return f"{seed}-{attack.__name__}.{SUFFIXES.get(named, named.lower())}", data


def kind_of(seed: int) -> str:
    """The type that the hostile file of a seed was made from."""
    return KINDS[seed % len(KINDS)]
