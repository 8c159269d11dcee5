"""Reads the frames of a film file, of which nothing is trusted.

    with FilmSource(Path("film.mp4")) as source:
        source.info.size, source.info.seconds
        for frame in source.frames(): ...        # frame.luma(), frame.pts

Films come from strangers. A playlist can name other files and other machines, and every demuxer is a parser
of hostile bytes: only the formats and codecs below are opened, and only the file itself. A frame that cannot
be decoded does not end the film: the frame before stands in for it, and the frame says so.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import av.container
import av.error
import numpy as np

from colorizer.errors import FilmError
from colorizer.video.chroma import MATRICES, YuvEncoding

# Demuxers that read one file and nothing else. Missing on purpose: concat, hls, dash, image2, sdp, lavfi.
FORMATS = ("mov", "mp4", "matroska", "webm", "avi", "mpegts", "mpeg", "flv", "asf", "ogg", "mxf", "dv", "nut")
VIDEO_CODECS = frozenset({
    "av1", "cinepak", "dnxhd", "dvvideo", "ffv1", "ffvhuff", "flv", "h261", "h263", "h264", "hevc",
    "huffyuv", "libdav1d", "mjpeg", "mpeg1video", "mpeg2video", "mpeg4", "msmpeg4", "msmpeg4v2",
    "msmpeg4v3", "msvideo1", "png", "prores", "qtrle", "rawvideo", "svq1", "svq3", "theora", "utvideo",
    "vc1", "vp6", "vp6f", "vp8", "vp9", "wmv1", "wmv2", "wmv3",
})  # fmt: skip
# Sound is copied, but FFmpeg looks into it to find its sampling rate.
AUDIO_CODECS = frozenset({
    "aac", "ac3", "adpcm_ima_qt", "adpcm_ima_wav", "adpcm_ms", "alac", "amrnb", "amrwb", "dca", "eac3",
    "flac", "mp1", "mp1float", "mp2", "mp2float", "mp3", "mp3float", "opus", "pcm_alaw", "pcm_bluray",
    "pcm_dvd", "pcm_f32be", "pcm_f32le", "pcm_mulaw", "pcm_s16be", "pcm_s16le", "pcm_s24be", "pcm_s24le",
    "pcm_s32be", "pcm_s32le", "pcm_s8", "pcm_u8", "truehd", "vorbis", "wmav1", "wmav2", "wmapro",
})  # fmt: skip
# Formats whose first plane is luma, with the level in the low bits of each number.
LUMA_FIRST = re.compile(r"(yuvj?a?4\d\dp|gray|nv12|nv21|nv16)((9|10|12|14|16)le)?")
# Standard definition is BT.601, everything larger BT.709, where a file does not say.
LAST_LINE_OF_BT601 = 576
UNSPECIFIED = 2
# These decoders fill damaged parts of a frame with whatever is near and say nothing, unless they are told to
# fail; they hear it only on one thread, which costs a millisecond a frame.
SILENT_DECODERS = frozenset({"h264", "hevc"})
# A film that ends so many seconds before its file says so was probably cut off.
MISSING_SECONDS = 1.0
MAX_SIDE = 16384  # what H.264 and HEVC can hold at most


@dataclass(frozen=True)
class FilmInfo:
    """What is known of a film before its frames are read.

    Attributes:
        size: width and height of the stored frames in pixels.
        encoding: how levels stand for luma.
        rotation: by how many degrees a player turns the frames counterclockwise: 0, 90, 180 or 270.
        matrix: the nine numbers of the file's display matrix, or None.
        pixel_aspect: width of a pixel divided by its height.
        time_base: seconds of one unit of time.
        rate: frames a second, as the file says or FFmpeg guesses.
        seconds: the length; None if the file does not say.
        frames: how many there are, about; None if unknown.
        interlaced: "" or which field comes first, "tff" or "bff".
        codec: FFmpeg's name of the decoder.
        pixel_format: FFmpeg's name.
        color: H.273's codes of primaries, transfer and matrix, and FFmpeg's of the range, as tagged.
    """

    size: tuple[int, int]
    encoding: YuvEncoding
    rotation: int
    matrix: tuple[int, ...] | None
    pixel_aspect: Fraction
    time_base: Fraction
    rate: Fraction
    seconds: float | None
    frames: int | None
    interlaced: str
    codec: str
    pixel_format: str
    color: tuple[int, int, int, int]

    @property
    def transparent(self) -> bool:
        """Whether the frames have an alpha plane."""
        return any(part.is_alpha for part in av.VideoFormat(self.pixel_format).components)

    @property
    def converted(self) -> bool:
        """Whether the frames have no luma plane and are converted: RGB, palettes and packed formats."""
        return not LUMA_FIRST.fullmatch(self.pixel_format)


@dataclass(frozen=True, eq=False)
class SourceFrame:
    """A frame as it was decoded.

    Attributes:
        pts: its time, in units of the stream's time base.
        duration: in the same units; 0 if unknown.
        picture: FFmpeg's frame, with a luma plane.
        repeated: whether it stands in for one that could not be decoded.
    """

    pts: int
    duration: int
    picture: av.VideoFrame
    repeated: bool = False

    def luma(self) -> np.ndarray:
        """The luma plane: (H, W) uint8 or uint16, read-only, valid as long as the frame is."""
        return luma_plane(self.picture)


def luma_plane(picture: av.VideoFrame) -> np.ndarray:
    """The first plane of a frame as an array, (H, W) uint8 or uint16, sharing its memory."""
    plane = picture.planes[0]
    kind = np.uint8 if picture.format.components[0].bits == 8 else np.uint16
    rows = np.frombuffer(plane, kind).reshape(plane.height, -1)  # type: ignore[call-overload]
    view: np.ndarray = rows[:, : plane.width]
    return view


def open_film(path: Path) -> av.container.InputContainer:
    """Opens a film file with the formats and codecs that are allowed.

    Raises:
        FilmError: it is none of them, or damaged from the start.
        OSError: the file cannot be read.
    """
    path.open("rb").close()  # a plain OSError, with the system's own words
    options = {
        "format_whitelist": ",".join(FORMATS),
        "codec_whitelist": ",".join(sorted(VIDEO_CODECS | AUDIO_CODECS)),
        "protocol_whitelist": "file",
        "enable_drefs": "0",
    }
    try:
        # The prefix keeps a name such as "concat:a" from being read as a protocol.
        return av.open(f"file:{path}", options=options, io_open=None, metadata_errors="replace")
    except (av.error.FFmpegError, ValueError) as error:
        raise FilmError(
            f"{path.name} is not a film that can be read: it must be one of {', '.join(FORMATS)} "
            f"and whole. FFmpeg says: {_words(error)}"
        ) from error


class FilmSource:
    """A film file; close it, or use it in a `with` statement."""

    def __init__(self, path: Path):
        """Opens the file and decodes its first frame.

        Raises:
            FilmError: no film, no pictures in it, a codec that is not allowed, or nothing can be decoded.
            OSError: the file cannot be read.
        """
        self.path = path
        self.container = open_film(path)
        self.problems: list[str] = []
        try:
            self.stream = _main_stream(self.container, path)
            self.info = self._inspect()
        except BaseException:
            self.container.close()
            raise

    def __enter__(self) -> "FilmSource":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.container.close()

    def frames(self, after: int | None = None) -> Iterator[SourceFrame]:
        """Decodes the film.

        Args:
            after: a `pts`: only frames later than it; None for all.
        """
        with open_film(self.path) as container:
            stream = container.streams[self.stream.index]
            assert isinstance(stream, av.VideoStream)
            if self.info.codec in SILENT_DECODERS:
                stream.codec_context.thread_type = "NONE"
                stream.codec_context.options = {"err_detect": "explode"}
            if after is not None:
                _seek(container, stream, after)
            yield from self._decode(container, stream, after)

    def _decode(
        self, container: av.container.InputContainer, stream: av.VideoStream, after: int | None
    ) -> Iterator[SourceFrame]:
        last: SourceFrame | None = None
        missing: list[int] = []
        for pictures, lost in _pictures(container, stream, self.problems):
            missing = sorted({*missing, *lost})
            for picture in pictures:
                pts = picture.pts
                if pts is None or (last is not None and pts <= last.pts):
                    # A file that does not say when: one frame's time later.
                    pts = 0 if last is None else last.pts + max(1, last.duration)
                while missing and missing[0] < pts:
                    gone = missing.pop(0)
                    if last is not None and gone > last.pts:
                        last = SourceFrame(gone, last.duration, last.picture, repeated=True)
                        if after is None or gone > after:
                            yield last
                damaged = picture.is_corrupt and last is not None
                shown = last.picture if damaged and last is not None else self._with_luma(picture)
                last = SourceFrame(pts, picture.duration or 0, shown, damaged)
                if after is None or pts > after:
                    yield last
        for gone in missing:
            if last is not None and gone > last.pts and (after is None or gone > after):
                last = SourceFrame(gone, last.duration, last.picture, repeated=True)
                yield last
        self._compare_end(stream, last)

    def _compare_end(self, stream: av.VideoStream, last: SourceFrame | None) -> None:
        """Notes that the frames end long before the film should."""
        if last is None or self.info.seconds is None or self.problems:
            return
        end = float((last.pts + last.duration - (stream.start_time or 0)) * self.info.time_base)
        if end < self.info.seconds - MISSING_SECONDS:
            self.problems.append(
                f"its pictures end after {end:.1f} seconds, and its file says {self.info.seconds:.1f}: it "
                "may have been cut off"
            )

    def _with_luma(self, picture: av.VideoFrame) -> av.VideoFrame:
        """The frame, converted if its format has no luma plane of its own, or if its size has changed."""
        width, height = self.info.size
        if self.info.converted:
            # FFmpeg's own conversion; the default of its scaler is BT.601, whatever the height.
            name = "yuv420p" if self.info.encoding.bits == 8 else "yuv420p10le"
            space = "ITU709" if self.info.encoding.matrix == 1 else "ITU601"
            return picture.reformat(width, height, format=name, dst_colorspace=space, dst_color_range="MPEG")
        if (picture.width, picture.height, picture.format.name) != (width, height, self.info.pixel_format):
            return picture.reformat(width, height, format=self.info.pixel_format)
        return picture

    def _inspect(self) -> FilmInfo:
        stream, context = self.stream, self.stream.codec_context
        first = next((f for pictures, _ in _pictures(self.container, stream, []) for f in pictures), None)
        if first is None:
            raise FilmError(f"{self.path.name}: none of its frames can be decoded.")
        width, height = first.width, first.height
        if not (16 <= width <= MAX_SIDE and 16 <= height <= MAX_SIDE):
            raise FilmError(
                f"{self.path.name}: frames must have 16 to {MAX_SIDE} pixels a side. "
                f"Received: {width}x{height}"
            )
        seconds = _seconds(self.container, stream)
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        frames = stream.frames or (round(seconds * rate) if seconds else None)
        rotation = round(first.rotation / 90) * 90 % 360
        matrix = _display_matrix(first)
        color = (first.color_primaries, first.color_trc, first.colorspace, first.color_range)
        return FilmInfo(
            size=(width, height),
            encoding=_encoding(first, height),
            rotation=rotation,
            matrix=matrix,
            pixel_aspect=stream.sample_aspect_ratio or Fraction(1),
            time_base=stream.time_base or Fraction(1, 1000),
            rate=rate,
            seconds=seconds,
            frames=frames,
            interlaced=_field_order(context) if first.interlaced_frame else "",
            codec=context.codec.name,
            pixel_format=first.format.name,
            color=color,
        )


def _main_stream(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    if not streams:
        raise FilmError(f"{path.name} has no pictures to colour.")
    stream = streams[0]
    context = stream.codec_context
    # A stream whose codec FFmpeg does not know has no context, whatever the types say.
    name = getattr(getattr(context, "codec", None), "name", "unknown")
    if name not in VIDEO_CODECS:
        raise FilmError(f"{path.name}: its codec cannot be read. Received: {name}")
    return stream


def _pictures(
    container: av.container.InputContainer, stream: av.VideoStream, problems: list[str]
) -> Iterator[tuple[list[av.VideoFrame], list[int]]]:
    """The frames of each packet, and the times of those that cannot be decoded."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except (av.error.InvalidDataError, av.error.EOFError) as error:
            problems.append(f"the file ends before the film does ({_words(error)})")
            return
        try:
            yield packet.decode(), []
        except (av.error.InvalidDataError, av.error.ExternalError, av.error.UnknownError, av.error.BugError):
            time = packet.pts if packet.pts is not None else packet.dts  # AVI has only the latter
            yield [], [] if time is None else [time]


def _seek(container: av.container.InputContainer, stream: av.VideoStream, pts: int) -> None:
    """Goes to a key frame before a time; to the beginning where the format knows no way there."""
    try:
        container.seek(pts, stream=stream, backward=True)
    except av.error.FFmpegError:
        container.seek(0)


def _encoding(frame: av.VideoFrame, height: int) -> YuvEncoding:
    name, bits = frame.format.name, frame.format.components[0].bits
    matrix = frame.colorspace if frame.colorspace in MATRICES else 6 if height <= LAST_LINE_OF_BT601 else 1
    if not LUMA_FIRST.fullmatch(name):
        return YuvEncoding(matrix, False, 8 if bits <= 8 else 10)
    # FFmpeg's own rule: grey has all levels unless the file says otherwise.
    full = frame.color_range == 2 or name.startswith("yuvj")
    full |= name.startswith("gray") and frame.color_range != 1
    return YuvEncoding(matrix, full, bits)


def _field_order(context: av.VideoCodecContext) -> str:
    """Which field is shown first: "tff" or "bff"."""
    # FFmpeg's AV_FIELD_BB and AV_FIELD_TB; DV has the lower field first and does not say so.
    lower = context.field_order in (3, 4) or (context.field_order < 2 and context.codec.name == "dvvideo")
    return "bff" if lower else "tff"


def _display_matrix(frame: av.VideoFrame) -> tuple[int, ...] | None:
    data: Any = frame.side_data.get("DISPLAYMATRIX")  # a buffer, whatever the types say
    return None if data is None else tuple(np.frombuffer(bytes(memoryview(data)), "<i4")[:9].tolist())


def _seconds(container: av.container.InputContainer, stream: av.VideoStream) -> float | None:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / 1e6 if container.duration else None


def _words(error: BaseException) -> str:
    """FFmpeg's words without the path that it adds to them."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
