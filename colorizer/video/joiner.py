"""Joins the coloured parts with everything else of the film: sound, subtitles, chapters, captions.

    notes = join_film(source, parts, partial, quality, comment)

Nothing is encoded here. Packets of the parts and of the film's other streams go into the new file as they
are, with their own timestamps, in the order of time. What the new container cannot hold is left out, and a
note says so.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.container
import av.error
from av.stream import AttachmentStream, Disposition, Stream

from colorizer.errors import FilmError
from colorizer.video.encoder import Quality, add_video_stream
from colorizer.video.film_file import open_film
from colorizer.video.source import FilmSource

# What a container says about itself; the new one has its own.
OF_THE_FILE = {"major_brand", "minor_version", "compatible_brands", "encoder"}
OF_THE_STREAM = {
    "alpha_mode",
    "encoder",
    "rotate",
    "duration",
    "number_of_frames",
    "number_of_bytes",
    "bps",
    "handler_name",
}

# Units of a second: a longer film than 71 minutes would need the long form of MP4's header at the next power
# of ten, which some players do not read.
FINEST_TIMES = 1_000_000


@dataclass(order=True)
class _Timed:
    """A packet with the stream that it goes to, in the order of time."""

    seconds: Fraction
    order: int
    packet: "av.Packet[Any]" = field(compare=False)
    stream: Stream = field(compare=False)


def join_film(
    source: FilmSource,
    parts: Sequence[Path],
    last_duration: int,
    target: Path,
    kind: str,
    quality: Quality,
    comment: str,
) -> list[str]:
    """Writes the whole film.

    Args:
        source: the film as it came in.
        parts: the coloured pictures, in order.
        last_duration: how long the last picture is shown, in the film's units of time; 0 if unknown.
        target: the path to write to.
        kind: FFmpeg's name of the container.
        quality: that of the parts.
        comment: is added to the film's own comment.

    Returns:
        Notes about what the container cannot hold.

    Raises:
        OSError: the disk is full.
        FilmError: the container refuses the pictures.
    """
    notes: list[str] = []
    # The film is opened once more: some formats cannot go back to where their first packets are.
    options = _exact_times(kind, source.info.time_base)
    with open_film(source.path) as film, av.open(str(target), "w", format=kind, options=options) as output:
        video = add_video_stream(output, source.info, quality)
        if source.info.matrix is not None:
            video.set_display_matrix(source.info.matrix)
        _copy_captions(film, source.stream.index, output, video, comment)
        copies: dict[int, Stream] = {}
        for stream in film.streams:
            if stream.index != source.stream.index:
                copy = _copy_stream(source.path, stream, output, kind, notes)
                if copy is not None:
                    copies[stream.index] = copy
        try:
            output.start_encoding()
        except (av.error.FFmpegError, ValueError) as error:
            if isinstance(error, OSError) and error.errno:
                raise
            words = getattr(error, "strerror", None) or error  # without the path of the temporary file
            raise FilmError(f"{kind} cannot hold this film: {words}") from error
        pictures = _pictures(parts, last_duration, video, source.info.time_base)
        others = _others(film, copies)
        damaged = 0
        for timed in heapq.merge(pictures, others):
            timed.packet.stream = timed.stream
            try:
                output.mux(timed.packet)
            except av.error.InvalidDataError:  # of sound or subtitles: the pictures were encoded here
                damaged += 1
        if damaged:
            notes.append(f"{damaged} damaged packets of sound or subtitles are left out")
    return notes


def _exact_times(kind: str, time_base: Fraction) -> dict[str, str]:
    """What a container needs so that the first picture, too, keeps its time.

    MP4 says when a track begins in units of the whole film, which FFmpeg makes milliseconds.
    """
    if kind not in ("mp4", "mov") or not 1000 <= time_base.denominator <= FINEST_TIMES:
        return {}
    return {"movie_timescale": str(time_base.denominator)}


def _copy_captions(
    film: av.container.InputContainer,
    index: int,
    output: av.container.OutputContainer,
    video: av.VideoStream,
    comment: str,
) -> None:
    metadata = {k: v for k, v in film.metadata.items() if k.lower() not in OF_THE_FILE}
    key = next((k for k in metadata if k.lower() == "comment"), "comment")
    metadata[key] = f"{metadata[key]} | {comment}" if metadata.get(key) else comment
    output.metadata.update(metadata)
    video.metadata.update(_of_stream(film.streams[index]))
    chapters = film.chapters()
    if chapters:
        output.set_chapters(chapters)


def _of_stream(stream: Stream) -> dict[str, str]:
    return {k: v for k, v in stream.metadata.items() if k.lower() not in OF_THE_STREAM}


def _copy_stream(
    path: Path, stream: Stream, output: av.container.OutputContainer, kind: str, notes: list[str]
) -> Stream | None:
    """A stream for the same packets in the new file; None, and a note, if it cannot hold them."""
    if isinstance(stream, AttachmentStream):
        if kind == "matroska":
            output.add_attachment(stream.name or "attachment", stream.mimetype or "", stream.data)
        else:
            notes.append(f"an attachment is left out: {kind} cannot hold it")
        return None
    if _is_cover(stream) and kind == "matroska":  # where a cover picture is an attachment, too
        picture = _first_packet(path, stream.index)
        name, mimetype = (
            stream.metadata.get("filename", "cover"),
            stream.metadata.get("mimetype", "image/jpeg"),
        )
        if picture:
            output.add_attachment(name, mimetype, picture)
        return None
    context = stream.codec_context
    name = getattr(context, "name", "unknown")  # no context where FFmpeg does not know the codec
    if stream.type not in ("audio", "subtitle", "video") or name == "unknown":
        notes.append(f"a stream of {stream.type} is left out: its time codes or data are not copied")
        return None
    if name not in output.supported_codecs and av.Codec(name).canonical_name not in output.supported_codecs:
        notes.append(f"a stream of {stream.type} is left out: {kind} cannot hold {name}")
        return None
    copy = output.add_stream_from_template(stream, opaque=True)
    copy.time_base = stream.time_base
    copy.metadata.update(_of_stream(stream))
    copy.disposition = stream.disposition  # the default track, forced subtitles, cover pictures
    if isinstance(stream, av.VideoStream) and not _is_cover(stream):
        notes.append("a second stream of pictures is copied without colour")
    return copy


def _is_cover(stream: Stream) -> bool:
    return bool(stream.type == "video" and stream.disposition & Disposition.attached_pic)


def _first_packet(path: Path, index: int) -> bytes:
    with open_film(path) as film:
        return next((bytes(packet) for packet in film.demux(film.streams[index]) if packet.size), b"")


def _pictures(
    parts: Sequence[Path], last_duration: int, stream: av.VideoStream, time_base: Fraction
) -> Iterator[_Timed]:
    waiting: av.Packet[av.VideoStream] | None = None
    for part in parts:
        with av.open(str(part), format="nut") as container:
            for packet in container.demux(video=0):
                if packet.pts is None or not packet.size:
                    continue
                unit = packet.time_base / time_base
                packet.pts = packet.dts = round(packet.pts * unit)
                packet.time_base = time_base
                if waiting is not None:
                    # NUT keeps no durations: a picture lasts until the next one.
                    waiting.duration = packet.pts - (waiting.pts or 0)
                    yield _timed(waiting, 0, stream)
                waiting = packet
    if waiting is not None:
        waiting.duration = last_duration
        yield _timed(waiting, 0, stream)


def _others(film: av.container.InputContainer, copies: dict[int, Stream]) -> Iterator[_Timed]:
    """The packets of the other streams, in the order of time."""
    if not copies:
        return
    waiting: list[_Timed] = []
    packets = film.demux([film.streams[index] for index in copies])
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.error.InvalidDataError, av.error.EOFError):
            break
        if packet.size and packet.dts is None and packet.pts is None and _is_cover(packet.stream):
            packet.pts = packet.dts = 0
        if (packet.dts is None and packet.pts is None) or not packet.size:
            continue
        timed = _timed(packet, 1 + packet.stream_index, copies[packet.stream_index])
        heapq.heappush(waiting, timed)
        # The packets of a file come nearly in order; a second or two of sound is at most a hundred packets.
        if len(waiting) > 100:
            yield heapq.heappop(waiting)
    while waiting:
        yield heapq.heappop(waiting)


def _timed(packet: "av.Packet[Any]", order: int, stream: Stream) -> _Timed:
    time = packet.dts if packet.dts is not None else packet.pts
    return _Timed((time or 0) * (packet.time_base or Fraction(1)), order, packet, stream)
