"""Opens a film file, of which nothing is trusted, and says what is known of it before its frames are read.

    with open_film(Path("film.mp4")) as container:
        stream = main_stream(container, Path("film.mp4"))

Films come from strangers. A playlist can name other files and other machines, and every demuxer is a parser
of hostile bytes: only the formats and codecs below are opened, and only the file itself.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
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
            f"and whole. FFmpeg says: {describe_error(error)}"
        ) from error


def main_stream(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    """The first stream of pictures that is no cover.

    Raises:
        FilmError: there is none, or its codec is not allowed.
    """
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


def inspect_film(
    container: av.container.InputContainer, stream: av.VideoStream, first: av.VideoFrame, path: Path
) -> FilmInfo:
    """What the file says of its main stream, and its first frame of itself.

    Raises:
        FilmError: the frames are too small or too large.
    """
    context = stream.codec_context
    width, height = first.width, first.height
    if not (16 <= width <= MAX_SIDE and 16 <= height <= MAX_SIDE):
        raise FilmError(
            f"{path.name}: frames must have 16 to {MAX_SIDE} pixels a side. Received: {width}x{height}"
        )
    seconds = _seconds(container, stream)
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


def describe_error(error: BaseException) -> str:
    """FFmpeg's words without the path that it adds to them."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
