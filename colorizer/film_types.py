"""Which files are films, and what a coloured film is written as. It needs no library.

    is_film(Path("wedding.mov"))                    # True
    film_output_suffix(Path("a.avi"), "h264")       # ".mkv"

A film keeps its container where that can hold the chosen codec and any sound: MP4, QuickTime, Matroska and
WebM. Everything else, such as AVI or MPEG, becomes Matroska, which holds what they hold.
"""

from pathlib import Path

# A folder is searched for these.
FILM_SUFFIXES = frozenset({
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".m2ts", ".mts", ".vob",
    ".wmv", ".asf", ".flv", ".ogv", ".3gp", ".mxf", ".dv",
})  # fmt: skip
CODECS = ("h264", "h265", "vp9", "ffv1")
# The containers that are written, with FFmpeg's names and the codecs that each holds.
CONTAINERS = {
    ".mp4": ("mp4", ("h264", "h265", "vp9")),
    ".m4v": ("mp4", ("h264", "h265", "vp9")),
    ".mov": ("mov", ("h264", "h265")),
    ".mkv": ("matroska", CODECS),
    ".webm": ("webm", ("vp9",)),
}
# The first bytes of films whose suffix does not say what they are: (offset, bytes).
SIGNATURES = (
    (4, b"ftyp"), (4, b"moov"), (0, b"\x1a\x45\xdf\xa3"), (8, b"AVI "), (0, b"OggS"), (0, b"FLV\x01"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"), (0, b"\x00\x00\x01\xba"),
)  # fmt: skip
# HEIC and AVIF photos begin like MP4.
PHOTO_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis")


def is_film(path: Path) -> bool:
    """Whether a file is a film: by its suffix, or by its first bytes if it has none.

    A file that cannot be read is none: who colours it says why, and the others are coloured.
    """
    if path.suffix:
        return path.suffix.lower() in FILM_SUFFIXES
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            start = file.read(16)
    except OSError:
        return False
    if start[4:8] == b"ftyp" and start[8:12] in PHOTO_BRANDS:
        return False
    return any(start[at : at + len(sign)] == sign for at, sign in SIGNATURES)


def film_codec(suffix: str, codec: str | None) -> str:
    """The codec of a coloured film: the one that was chosen, or what is usual in this container."""
    return codec or ("vp9" if suffix.lower() == ".webm" else "h264")


def film_output_suffix(path: Path, codec: str | None = None) -> str:
    """The suffix of a film's coloured copy: its own, or ".mkv" where that cannot hold the codec."""
    container = CONTAINERS.get(path.suffix.lower())
    if container and film_codec(path.suffix, codec) in container[1]:
        return path.suffix
    return ".mkv"
