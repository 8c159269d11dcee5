"""How steady, how true and how fast coloured films are: the tables of docs/film.md.

    PYTHONPATH=. python scripts/bench_film.py quality          # five minutes on two idle cores
    PYTHONPATH=. python scripts/bench_film.py speed memory     # ten more

`quality` films photographs with a camera whose motion is known exactly (`film_clips.py`): old ones, and
colour photographs turned grey. Three ways to colour the frames are compared: every frame alone; the mean of
each frame and its two neighbours on either side, without flow, which is what practitioners' tools do; ours.

The warping error is that of Lai et al. 2018 ("Learning Blind Video Temporal Consistency"): the mean squared
difference between a frame and the next one moved back onto it, in RGB from 0 to 1, over the places that both
show. Two things differ. The flow is the exact one, and each place has the same lightness in both frames, that
of the clip without grain: grain and flicker belong to the film and stay in it, so they would hide what is
measured. PSNR and colourfulness are those of the colours with this lightness, too.

`speed` and `memory` colour synthetic films from file to file with the shipped weights.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from film_clips import MOVES, Clip, make_clip, read_photo

from colorizer import Colorizer
from colorizer.evaluation.metrics import colorfulness, psnr
from colorizer.image import color
from colorizer.model.runtime import select_runtime
from colorizer.video.analysis import Analyser, Look
from colorizer.video.chroma import YuvEncoding
from colorizer.video.film import FilmColorizer, FilmOptions
from colorizer.video.film_file import FilmInfo
from colorizer.video.flow import warp
from colorizer.video.temporal import TemporalFilter

ROOT = Path(__file__).resolve().parent.parent
OLD = (
    ("saratoga-broadway-1900s", "pan"),
    ("detroit-1915", "zoom"),
    ("london-boy-1945", "rotation"),
    ("louis-armstrong-1946", "shake"),
    ("keller-chaplin-1919", "still"),
)
OLD_SIZE, COLOR_SIZE = (640, 480), (256, 192)
COLOR_MOVES = ("pan", "zoom", "shake", "rotation", "still", "tilt")
NEIGHBOURS = 2  # on either side, in the mean without flow
EVERY = 4  # so many frames apart are those whose PSNR and colourfulness are measured


# --- quality -------------------------------------------------------------------------------------------


def clips(old: Path, colored: Path, frames: int) -> Iterator[Clip]:
    """Old photographs, two of them in one clip, and colour photographs."""
    for number, (name, move) in enumerate(OLD):
        photo = read_photo(old / f"{name}.jpg")
        yield make_clip(f"{name}, {move}", photo, MOVES[move], OLD_SIZE, frames, number)
    bank, mother = (read_photo(old / f"{name}.jpg") for name in ("buffalo-bank-1908", "migrant-mother-1936"))
    small = cv2.resize(mother, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    yield make_clip("buffalo-bank-1908, object", bank, MOVES["tilt"], OLD_SIZE, frames, 5, small)
    files = sorted(colored.glob("*.jpg"))
    for number, move in enumerate(COLOR_MOVES):
        path = files[(37 * number + 3) % len(files)]
        photo = read_photo(path)
        yield make_clip(f"{path.stem}, {move}", photo, MOVES[move], COLOR_SIZE, frames, number, in_color=True)


def info_of(clip: Clip) -> FilmInfo:
    """What a file would say of a clip."""
    height, width = clip.grey.shape[1:]
    return FilmInfo(
        (width, height), YuvEncoding(6, full_range=True), 0, None, Fraction(1), Fraction(1, 25), Fraction(25),
        None, None, "", "", "gray", (2, 2, 6, 2),
    )  # fmt: skip


def neighbours_mean(maps: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The mean of each frame and its neighbours, where they are."""
    return [
        np.mean(maps[max(0, n - NEIGHBOURS) : n + NEIGHBOURS + 1], axis=0, dtype=np.float32)
        for n in range(len(maps))
    ]


def steadied(maps: Sequence[np.ndarray], looks: Sequence[Look], analyser: Analyser) -> list[np.ndarray]:
    """What the filter makes of the maps."""
    steady, results = TemporalFilter(), []
    height, width = maps[0].shape[:2]
    for number, ab in enumerate(maps):
        flow = analyser.flow(looks[number - 1], looks[number]).resized(width, height) if number else None
        results += steady.push(ab, flow)
    return results + list(steady.flush())


def rgb_of(lightness: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """(h, w, 3) in [0, 1]."""
    return np.asarray(color.lab_to_rgb(np.dstack([lightness, ab])))


def measure(clip: Clip, maps: Sequence[np.ndarray]) -> tuple[float, float, float | None]:
    """The warping error x 10,000, colourfulness, and PSNR in dB where the true colours are known."""
    height, width = clip.grey.shape[1:]
    large = [cv2.resize(ab, (width, height), interpolation=cv2.INTER_CUBIC) for ab in maps]
    errors = []
    for number in range(len(large) - 1):
        lightness = clip.lightness[number]
        here = rgb_of(lightness, large[number])
        there = rgb_of(lightness, warp(large[number + 1], clip.flow(number)))
        errors.append(np.square(here - there).sum(axis=-1)[clip.visible(number)].mean())
    sample = range(0, len(large), EVERY)
    pictures = [np.rint(255 * rgb_of(clip.lightness[n], large[n])).astype(np.uint8) for n in sample]
    colorful = float(np.mean([colorfulness(picture) for picture in pictures]))
    if clip.truth is None:
        return 1e4 * float(np.mean(errors)), colorful, None
    truth = [np.rint(255 * rgb_of(clip.lightness[n], clip.truth[n])).astype(np.uint8) for n in sample]
    near = float(np.mean([psnr(one, other) for one, other in zip(pictures, truth, strict=True)]))
    return 1e4 * float(np.mean(errors)), colorful, near


def quality(options: argparse.Namespace) -> None:
    """Prints the table of warping error, colourfulness and PSNR."""
    colorizer = load()
    print("Warping error x 10⁴ / colourfulness / PSNR in dB\n")
    print("| clip | every frame alone | mean of neighbours | ours | error, ours : alone |")
    print("|---|---|---|---|---|")
    rows = []
    for clip in clips(options.old, options.color, options.frames):
        analyser = Analyser(colorizer, info_of(clip))
        looks = [analyser.look(grey) for grey in clip.grey]
        alone = [analyser.colors(look) for look in looks]
        ways = [alone, neighbours_mean(alone), steadied(alone, looks, analyser)]
        rows.append([measure(clip, maps) for maps in ways])
        cells = " | ".join(cell(*numbers) for numbers in rows[-1])
        print(f"| {clip.name} | {cells} | {rows[-1][2][0] / rows[-1][0][0]:.3f} |", flush=True)
    means = [
        [np.mean([row[way][kind] for row in rows if row[way][kind] is not None]) for kind in range(3)]
        for way in range(3)
    ]
    ratio = np.mean([row[2][0] / row[0][0] for row in rows])
    print(f"| **mean** | {' | '.join(cell(*numbers) for numbers in means)} | {ratio:.3f} |")
    change = [100 * (means[way][1] / means[0][1] - 1) for way in (1, 2)]
    print(
        f"\ncolourfulness against every frame alone: neighbours {change[0]:+.1f} %, ours {change[1]:+.1f} %"
    )


def cell(error: float, colorful: float, near: float | None) -> str:
    """Three numbers for the table."""
    return f"{error:.3f} / {colorful:.1f}" + ("" if near is None else f" / {near:.2f}")


# --- speed and memory ----------------------------------------------------------------------------------


def load() -> Colorizer:
    """The shipped weights, one thread a frame."""
    return Colorizer.from_pretrained(runtime=select_runtime(threads=1))


def write_film(path: Path, size: tuple[int, int], frames: int) -> None:
    """A pan over a photograph to and fro, with grain, as H.264."""
    width, height = size
    loop = min(frames, 50)
    photo = read_photo(ROOT / "examples" / "saratoga-broadway-1900s.jpg", 4000)
    grey = make_clip("", photo, MOVES["pan"], size, loop).grey
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            turn = number % (2 * loop)
            levels = grey[turn if turn < loop else 2 * loop - 1 - turn]
            frame = av.VideoFrame(width, height, "yuv420p")
            for plane in frame.planes:
                np.frombuffer(memoryview(plane), np.uint8)[:] = 128
            luma = np.frombuffer(memoryview(frame.planes[0]), np.uint8).reshape(height, -1)
            luma[:, :width] = 16 + levels.astype(np.uint16) * 219 // 255
            frame.pts, frame.time_base = number, Fraction(1, 25)
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))


def speed(options: argparse.Namespace) -> None:
    """Prints frames a second from file to file."""
    films = FilmColorizer(load())
    print("\n| frame | frames a second |\n|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        warm_up = Path(folder, "warm-up.mp4")
        write_film(warm_up, (160, 120), 30)
        films.color(warm_up, Path(folder, "warm.mp4"))
        for size in ((640, 480), (1920, 1080)):
            source = Path(folder, f"{size[1]}.mp4")
            write_film(source, size, options.speed_frames)
            start = time.monotonic()
            films.color(source, Path(folder, f"{size[1]}-colour.mp4"))
            rate = options.speed_frames / (time.monotonic() - start)
            print(f"| {size[0]}x{size[1]} | {rate:.1f} |", flush=True)


def memory(options: argparse.Namespace) -> None:
    """Prints the peak memory of a process that colours one minute, and ten. The network sees 32 pixels."""
    print("\n| film of 320x240 | peak memory |\n|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for minutes in options.minutes:
            source = Path(folder, f"{minutes}.mp4")
            write_film(source, (320, 240), round(minutes * 60 * 25))
            line = [sys.executable, __file__, "one", str(source), str(Path(folder, f"{minutes}-colour.mp4"))]
            done = subprocess.run(line, check=True, capture_output=True, text=True)
            print(f"| {minutes:g} min | {int(done.stdout) / 1e6:.0f} MB |", flush=True)


def one(source: Path, target: Path) -> None:
    """Colours one film and prints the peak memory of this process in bytes."""
    FilmColorizer(load(), FilmOptions(size=32)).color(source, target)
    status = Path("/proc/self/status").read_text()  # of Linux; what `resource` says includes the parent
    print(int(status.partition("VmHWM:")[2].split()[0]) * 1024)


def main() -> None:
    """Prints the tables that are asked for."""
    if sys.argv[1:2] == ["one"]:
        one(Path(sys.argv[2]), Path(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tables", nargs="+", choices=("quality", "speed", "memory"))
    parser.add_argument("--old", type=Path, default=ROOT / "examples", help="folder of the old photographs")
    parser.add_argument("--color", type=Path, default=ROOT / "../shared/photos/val", help="colour ones")
    parser.add_argument("--frames", type=int, default=48, help="of each clip")
    parser.add_argument("--speed-frames", type=int, default=250, help="of the films for speed")
    parser.add_argument("--minutes", type=float, nargs="+", default=(1, 10), help="of the films for memory")
    options = parser.parse_args()
    for table in options.tables:
        {"quality": quality, "speed": speed, "memory": memory}[table](options)


if __name__ == "__main__":
    main()
