"""Encodes the coloured frames: which codec, in which pixel format, how well.

    quality = Quality("h264", crf=18)
    with SegmentWriter(path, info, quality) as writer:
        writer.write(frame, ab, table)
    stream = add_video_stream(container, info, quality)       # the same stream in another file

A codec with losses encodes the luma anew, too: at the default quality the difference cannot be seen, but it
is there. With `crf=0`, and with ffv1 always, every level of luma comes out as it went in.

There are no B-frames: so every packet has the time of its frame, the timestamps of the film stay exactly as
they are, and segments can be joined packet by packet. It costs some tenth of the file's size.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import av
import av.container
import numpy as np

from colorizer.errors import FilmError
from colorizer.film_types import CODECS
from colorizer.video.chroma import ChromaTable, YuvEncoding
from colorizer.video.film_file import UNSPECIFIED, FilmInfo
from colorizer.video.source import SourceFrame

# FFmpeg's encoders, what is lossless in their words, and the options that do not depend on the film. The
# presets are those with which encoding needs less time than the network does.
ENCODERS: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
    "h264": ("libx264", {"preset": "veryfast", "bf": "0"}, {"qp": "0"}),
    "h265": ("libx265", {"preset": "veryfast"}, {"x265-params": "bframes=0:log-level=none:lossless=1"}),
    "vp9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "6", "row-mt": "1", "lag-in-frames": "0",
                           "b": "0"}, {"lossless": "1"}),
    "ffv1": ("ffv1", {"level": "3", "slices": "4", "slicecrc": "1"}, {}),
}  # fmt: skip
# What looks like the film itself, grain included; h265 and vp9 count differently.
DEFAULT_CRF = {"h264": 18, "h265": 20, "vp9": 24, "ffv1": 0}
# How many bits of luma a codec can hold.
MOST_BITS = {"h264": 10, "h265": 12, "vp9": 8, "ffv1": 16}
GLOBAL_HEADER = 1 << 22  # AV_CODEC_FLAG_GLOBAL_HEADER: MP4 and Matroska want the headers once, at the start


@dataclass(frozen=True)
class Quality:
    """How the pictures are encoded. Raises FilmError for values that do not exist.

    Attributes:
        codec: one of `film_types.CODECS`.
        crf: the constant rate factor, 0 to 51; 0 keeps every level, each 6 more halve the size, about. None
            for the codec's default.
    """

    codec: str = "h264"
    crf: int | None = None

    def __post_init__(self) -> None:
        if self.codec not in CODECS:
            raise FilmError(f"The codec must be one of {', '.join(CODECS)}. Received: {self.codec!r}")
        if self.crf is not None and not 0 <= self.crf <= 51:
            raise FilmError(f"crf must lie between 0 and 51. Received: {self.crf}")

    @property
    def lossless(self) -> bool:
        """Whether every level of luma comes out as it goes in."""
        return self.codec == "ffv1" or self.crf == 0


@dataclass(frozen=True)
class OutputFormat:
    """The pixel format of the coloured film.

    Attributes:
        name: FFmpeg's.
        encoding: its levels; those of the film, in as many bits as the codec holds.
        shift: by how many bits the film's levels are moved to the left; negative: to the right.
    """

    name: str
    encoding: YuvEncoding
    shift: int


def output_format(info: FilmInfo, codec: str) -> OutputFormat:
    """The format for a film: chroma at half the size, or larger where an odd side does not allow that.

    H.264 and HEVC store frames with chroma at half size only if their sides are even; VP9 and FFV1 any.
    """
    width, height = info.size
    bits = next((n for n in (8, 10, 12, 16) if n >= info.encoding.bits), 16)
    bits = min(bits, MOST_BITS[codec])
    layout = "420"
    if codec in ("h264", "h265") and (width % 2 or height % 2):
        layout = "444" if width % 2 else "422"
    name = f"yuv{layout}p" + (f"{bits}le" if bits > 8 else "")
    encoding = YuvEncoding(info.encoding.matrix, info.encoding.full_range, bits)
    return OutputFormat(name, encoding, bits - info.encoding.bits)


def add_video_stream(
    container: av.container.OutputContainer, info: FilmInfo, quality: Quality
) -> av.VideoStream:
    """Adds the stream of the coloured film to a file.

    Raises:
        FilmError: this build of FFmpeg has no such encoder.
    """
    name, options, lossless = ENCODERS[quality.codec]
    crf = DEFAULT_CRF[quality.codec] if quality.crf is None else quality.crf
    options = dict(options)
    if quality.lossless:
        options |= lossless
    else:
        options["crf"] = str(crf)
        if quality.codec == "h265":
            options["x265-params"] = "bframes=0:log-level=none"
    if quality.codec == "h264" and info.interlaced and info.size[1] % 4 == 0:
        options["x264-params"] = f"{info.interlaced}=1"
    try:
        stream = container.add_stream(name, rate=info.rate, options=options)
    except (av.error.FFmpegError, ValueError) as error:
        raise FilmError(f"The codec {quality.codec} cannot be written here: {error}") from error
    assert isinstance(stream, av.VideoStream)
    stream.width, stream.height = info.size
    stream.pix_fmt = output_format(info, quality.codec).name
    context = stream.codec_context
    stream.time_base = context.time_base = info.time_base
    context.sample_aspect_ratio = info.pixel_aspect
    primaries, curve = info.color[:2]
    context.color_range = 2 if info.encoding.full_range else 1
    context.colorspace = info.encoding.matrix
    # Untagged films are shown as their matrix suggests: it is tagged, the other two stay as they are.
    context.color_primaries = primaries if primaries > 0 else UNSPECIFIED
    context.color_trc = curve if curve > 0 else UNSPECIFIED
    context.flags |= GLOBAL_HEADER
    return stream


class SegmentWriter:
    """Writes coloured frames into a file of its own, which exists under its name only when it is whole."""

    def __init__(self, path: Path, info: FilmInfo, quality: Quality):
        """Begins a file.

        Raises:
            FilmError: the codec cannot be written.
            OSError: the disk is full or read-only.
        """
        self.path, self._partial = path, path.with_suffix(".partial")
        self._format = output_format(info, quality.codec)
        self._container = av.open(str(self._partial), "w", format="nut")
        self.frames = 0
        try:
            self._stream = add_video_stream(self._container, info, quality)
        except BaseException:
            self.__exit__(ValueError, None, None)
            raise

    def __enter__(self) -> "SegmentWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._container.mux(self._stream.encode(None))
            self._container.close()
            if kind is None:
                with self._partial.open("rb") as file:
                    os.fsync(file.fileno())
                os.replace(self._partial, self.path)
        finally:
            self._partial.unlink(missing_ok=True)

    def write(self, frame: SourceFrame, ab: np.ndarray, table: ChromaTable) -> None:
        """Colours a frame and encodes it.

        Args:
            frame: as decoded.
            ab: (h, w, 2) float32, its a* and b* at any size.
            table: for the encoding of `output_format`.

        Raises:
            OSError: the disk is full.
        """
        picture = colored(frame, ab, table, self._format)
        picture.time_base = self._stream.codec_context.time_base
        self._container.mux(self._stream.encode(picture))
        self.frames += 1


def colored(frame: SourceFrame, ab: np.ndarray, table: ChromaTable, form: OutputFormat) -> av.VideoFrame:
    """A frame with its own luma and new chroma."""
    luma = frame.luma()
    if form.shift > 0:
        luma = luma.astype(np.uint16) << form.shift
    elif form.shift < 0:  # the codec holds fewer bits: rounded
        rounded = luma.astype(np.uint32) + (1 << (-form.shift - 1)) >> -form.shift
        kind = np.uint8 if form.encoding.bits == 8 else np.uint16
        luma = np.minimum(rounded, form.encoding.top).astype(kind)
    height, width = luma.shape
    picture = av.VideoFrame(width, height, form.name)
    first, second, third = picture.planes
    planes = table.planes(luma, ab, second.width, second.height)
    for plane, levels in zip((first, second, third), (luma, *planes), strict=True):
        rows = np.frombuffer(memoryview(plane), levels.dtype).reshape(plane.height, -1)
        rows[:, : plane.width] = levels
    picture.pts = frame.pts
    if frame.duration:
        picture.duration = frame.duration
    encoding = form.encoding
    picture.color_range, picture.colorspace = (2 if encoding.full_range else 1), encoding.matrix
    return picture
