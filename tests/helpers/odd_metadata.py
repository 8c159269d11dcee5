"""Photos whose metadata is odd: tags of wrong types and lengths, wherever a file type has a place for them.

    name, data = odd_photo(417)          # always the same for a seed

The pixels are sound, so every one of these photos must be read and written, whatever it says about itself.
"""

import io
import random
import struct
import zlib

from PIL import Image

from tests.helpers.hostile import png

PIXELS = Image.linear_gradient("L").resize((17, 12))
WORDS = (
    b"", b"Grandma", b"1931:06:14 12:00:00", "Tante Märy".encode(), b"\xe4\xff", b"\0", b"a\x1b[31m",
    b"]]>&<b>\"", "\ufffe\U0001f600".encode(), b"9" * 300, b"\xff\xfe\0d", bytes(40),
)  # fmt: skip
# Tags that describe the photo, the file, the EXIF and GPS blocks, IPTC, Photoshop and XMP.
MAIN = (269, 270, 271, 272, 274, 282, 283, 285, 296, 305, 306, 315, 316, 700, 18246, 18249, 33432, 33723,
        34377, 34675, 40091, 40092, 40093, 40094, 40095)  # fmt: skip
EXIF = (33434, 33437, 34855, 36864, 36867, 36868, 37121, 37377, 37386, 37500, 37510, 40960, 40961, 40962,
        40965, 41486, 41728, 42016, 42033, 42034, 42036, 9999)  # fmt: skip
GPS = (*range(32), 999)
UNITS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 0: 1, 99: 1}
KEYWORDS = (
    b"Title", b"Author", b"Comment", b"comment", b"k\x01x", b" lead", b"\xe4rger", b"a" * 79, b"xmp", b"exif",
    b"icc_profile", b"transparency", b"dpi", b"gamma", b"photoshop", b"Raw profile type exif",
    b"Raw profile type iptc", b"XML:com.adobe.xmp",
)  # fmt: skip


def odd_photo(seed: int) -> tuple[str, bytes]:
    """A photo with odd metadata: its name and its bytes."""
    dice = random.Random(seed)
    kind = dice.choice(("jpg", "png", "tif", "webp"))
    return f"odd-{seed}.{kind}", {"jpg": _jpeg, "png": _png, "tif": _tiff, "webp": _webp}[kind](dice)


def _value(dice: random.Random, kind: int) -> bytes:
    data = dice.choice(WORDS) if dice.random() < 0.5 else dice.randbytes(dice.choice((1, 2, 4, 8, 30, 400)))
    return data[: len(data) // UNITS[kind] * UNITS[kind]]


def _directory(dice: random.Random, order: str, tags: dict[int, tuple[int, bytes]], place: int) -> bytes:
    """A directory of tags that will lie at `place`, with its values behind it."""
    head = place + 2 + 12 * len(tags) + 4
    entries, values = struct.pack(order + "H", len(tags)), b""
    for tag, (kind, data) in sorted(tags.items()):
        entries += struct.pack(order + "HHI", tag, kind, len(data) // UNITS[kind])
        if len(data) <= 4:
            entries += data.ljust(4, b"\0")
        else:
            entries += struct.pack(order + "I", head + len(values))
            values += data + b"\0" * (len(data) % 2)
    return entries + bytes(4) + values


def _tags(dice: random.Random, known: tuple[int, ...]) -> dict[int, tuple[int, bytes]]:
    chosen = dice.sample(known, dice.randint(0, 6))
    kinds = {tag: dice.choice(list(UNITS)) for tag in chosen}
    return {tag: (kind, _value(dice, kind)) for tag, kind in kinds.items()}


def _structure(dice: random.Random, start: bytes, own: dict[int, tuple[int, bytes]], order: str) -> bytes:
    """A TIFF's structure behind `start`: its own tags, odd ones, and the EXIF and GPS blocks."""
    body, blocks = start + b"\0" * (len(start) % 2), {}
    for pointer, known in ((34665, EXIF), (34853, GPS)):
        if dice.random() < 0.6:
            blocks[pointer] = (4, struct.pack(order + "I", len(body)))
            body += _directory(dice, order, _tags(dice, known), len(body))
    first = _directory(dice, order, _tags(dice, MAIN) | blocks | own, len(body))
    return body[:4] + struct.pack(order + "I", len(body)) + body[8:] + first


def _head(dice: random.Random) -> tuple[bytes, str]:
    return dice.choice(((b"II*\0" + bytes(4), "<"), (b"MM\0*" + bytes(4), ">")))


def _exif(dice: random.Random) -> bytes:
    head, order = _head(dice)
    return _structure(dice, head, {}, order)


def _tiff(dice: random.Random) -> bytes:
    head, order = _head(dice)
    pixels = PIXELS.tobytes()
    numbers = {256: 17, 257: 12, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 12, 279: len(pixels)}
    own = {tag: (4, struct.pack(order + "I", number)) for tag, number in numbers.items()}
    return _structure(dice, head + pixels, own, order)


def _iptc(dice: random.Random) -> bytes:
    sets = (
        (dice.choice((1, 2, 3, 8)), dice.choice((0, 5, 25, 80, 90, 120, 202)), dice.choice(WORDS))
        for _ in "abcd"
    )
    return b"".join(
        b"\x1c" + bytes((record, tag)) + struct.pack(">H", len(text)) + text for record, tag, text in sets
    )


def _jpeg(dice: random.Random) -> bytes:
    data = io.BytesIO()
    PIXELS.save(data, "JPEG")
    iptc = _iptc(dice)
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc
    parts = [
        (0xE1, b"Exif\0\0" + _exif(dice)),
        (0xED, b"Photoshop 3.0\0" + resource),
        (0xFE, dice.choice(WORDS)),
    ]
    segments = b"".join(bytes((0xFF, mark)) + struct.pack(">H", len(part) + 2) + part for mark, part in parts)
    return data.getvalue()[:2] + segments + data.getvalue()[2:]


def _png(dice: random.Random) -> bytes:
    texts = []
    for keyword in dice.sample(KEYWORDS, dice.randint(1, 6)):
        text = dice.choice(WORDS)
        plain, packed = (b"tEXt", keyword + b"\0" + text), (b"zTXt", keyword + b"\0\0" + zlib.compress(text))
        texts.append(dice.choice((plain, packed, (b"iTXt", keyword + b"\0\0\0\0\0" + text))))
    return png(17, 12, zlib.compress(bytes(18 * 12)), (b"eXIf", _exif(dice)), *texts)


def _webp(dice: random.Random) -> bytes:
    data = io.BytesIO()
    PIXELS.save(data, "WEBP", exif=_exif(dice), xmp=dice.choice(WORDS))
    return data.getvalue()
