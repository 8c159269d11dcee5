"""Reads the frames of a film file.

    with FilmSource(Path("film.mp4")) as source:
        source.info.size, source.info.seconds
        for frame in source.frames(): ...        # frame.luma(), frame.pts

`film_file.py` says which files are opened at all. A frame that cannot be decoded does not end the film: the
frame before stands in for it, and the frame says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import av
import av.container
import av.error
import numpy as np

from colorizer.errors import FilmError
from colorizer.video.film_file import FilmInfo, describe_error, inspect_film, main_stream, open_film

# These decoders fill damaged parts of a frame with whatever is near and say nothing, unless they are told to
# fail; they hear it only on one thread, which costs a millisecond a frame.
SILENT_DECODERS = frozenset({"h264", "hevc"})
# A film that ends so many seconds before its file says so was probably cut off.
MISSING_SECONDS = 1.0


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
            self.stream = main_stream(self.container, path)
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
        pictures = (f for decoded, _ in _pictures(self.container, self.stream, []) for f in decoded)
        first = next(pictures, None)
        if first is None:
            raise FilmError(f"{self.path.name}: none of its frames can be decoded.")
        return inspect_film(self.container, self.stream, first, self.path)


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
            problems.append(f"the file ends before the film does ({describe_error(error)})")
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
