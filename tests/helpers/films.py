"""Short films made on the spot: a window that moves over a picture, with sound and subtitles if asked for."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

SIZE = (96, 64)
TICK = Fraction(1, 12800)
EVEN = 512  # ticks of a frame at 25 frames a second


def picture(seed: int = 0, width: int = 160, height: int = 96) -> np.ndarray:
    """A grey picture of soft spots: (height, width) float32, 16 to 235."""
    random = np.random.default_rng(seed)
    rough = Image.fromarray(random.random((8, 12)).astype(np.float32))
    fine = Image.fromarray(random.random((24, 36)).astype(np.float32))
    size = (width, height)
    both = 0.7 * np.asarray(rough.resize(size, Image.BICUBIC)) + 0.3 * np.asarray(
        fine.resize(size, Image.BICUBIC)
    )
    return (16 + 219 * np.clip(both, 0, 1)).astype(np.float32)


def pan(
    frames: int, seed: int = 0, step: int = 1, grain: float = 0.0, size: tuple[int, int] = SIZE
) -> np.ndarray:
    """Luma of a pan to the right: (frames, h, w) uint8."""
    width, height = size
    whole = picture(seed, width + step * frames, height)
    random = np.random.default_rng(seed + 1)
    views = [whole[:, step * n : step * n + width] for n in range(frames)]
    return np.stack([np.clip(v + grain * random.standard_normal(v.shape), 16, 235) for v in views]).astype(
        np.uint8
    )


def write_film(
    path: Path,
    luma: np.ndarray,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    times: Sequence[int] | None = None,
    tick: Fraction = TICK,
    sound: bool = False,
    subtitles: bool = False,
    rotation: int = 0,
    options: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
    **tags: int,
) -> Path:
    """Writes a film whose frames have this luma, (frames, h, w), and no colour.

    `times` are those of the frames, in ticks, 25 a second if None; `tags` are attributes of the codec's
    context, such as color_range.
    """
    count, height, width = luma.shape
    times = times or [n * EVEN for n in range(count)]
    with av.open(str(path), "w", options=container or {}) as film:
        film.metadata["title"], film.metadata["comment"] = "Our wedding", "from grandma"
        stream = film.add_stream(codec, rate=25, options=options or {})
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        stream.codec_context.time_base = tick
        for name, value in tags.items():
            setattr(stream.codec_context, name, value)
        if rotation:
            stream.set_display_rotation(rotation)
        voice = film.add_stream("aac", rate=44100) if sound else None
        if voice:
            voice.layout = "mono"
            voice.metadata["language"] = "deu"
        words = film.add_mux_stream("mov_text" if path.suffix == ".mp4" else "subrip") if subtitles else None
        for levels, time in zip(luma, times, strict=True):
            film.mux(stream.encode(_frame(levels, pixel_format, time, tick, tags)))
        film.mux(stream.encode(None))
        if voice:
            _speak(film, voice, float(times[-1] * tick))
        if words:
            for number in range(2):
                packet = av.Packet(b"\0\5hello" if path.suffix == ".mp4" else b"hello")
                packet.stream, packet.time_base = words, Fraction(1, 1000)
                packet.pts = packet.dts = 100 * number
                packet.duration = 50
                film.mux(packet)
    return path


def _frame(
    levels: np.ndarray, pixel_format: str, time: int, tick: Fraction, tags: dict[str, int]
) -> av.VideoFrame:
    height, width = levels.shape
    frame = av.VideoFrame(width, height, pixel_format)
    for number, plane in enumerate(frame.planes):
        component = frame.format.components[number]
        kind = np.uint8 if component.bits == 8 else np.uint16
        rows = np.frombuffer(memoryview(plane), kind).reshape(plane.height, -1)
        rows[:] = 1 << (component.bits - 1)
        if number == 0:
            rows[:, :width] = levels
    frame.pts, frame.time_base = time, tick
    frame.color_range = tags.get("color_range", 0)
    return frame


def _speak(film, voice, seconds: float) -> None:
    for number in range(int(seconds * 44100 / 1024) + 1):
        noise = np.random.default_rng(number).standard_normal((1, 1024)).astype(np.float32) / 10
        frame = av.AudioFrame.from_ndarray(noise, "fltp", "mono")
        frame.rate, frame.pts = 44100, number * 1024
        film.mux(voice.encode(frame))
    film.mux(voice.encode(None))


def packets(path: Path, kind: str) -> list[tuple[int | None, int | None, bytes]]:
    """Times and bytes of all packets of the first stream of a kind, with times in its own time base."""
    with av.open(str(path)) as film:
        stream = next(s for s in film.streams if s.type == kind)
        return [(p.pts, p.duration, bytes(p)) for p in film.demux(stream) if p.size]


def read_frames(path: Path) -> list[av.VideoFrame]:
    """All frames, decoded."""
    with av.open(str(path)) as film:
        return list(film.decode(video=0))
