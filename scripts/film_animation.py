"""Makes the animation of the README: a film before and after, side by side, as one animated WebP.

    PYTHONPATH=.:scripts python scripts/film_animation.py -o docs/pictures/film.webp

A camera moves over photographs of the examples (`film_clips.py`), with the grain and the flicker of an old
film; the film is written, coloured from file to file by the command's own way, and shown to and fro.
"""

import argparse
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from film_clips import MOVES, make_clip, read_photo
from PIL import Image

from colorizer import Colorizer
from colorizer.model.runtime import select_runtime
from colorizer.video.film import FilmColorizer

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
SCENES = (("saratoga-broadway-1900s", "pan"), ("london-boy-1945", "zoom"), ("louis-armstrong-1946", "shake"))
SIZE, SHOWN = (640, 480), (256, 192)
FRAMES, EVERY = 48, 3  # of each scene at 24 frames a second; the animation has every third


def write_scenes(path: Path) -> None:
    """The grey film."""
    width, height = SIZE
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=24, options={"crf": "14"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        number = 0
        for seed, (name, move) in enumerate(SCENES):
            photo = read_photo(EXAMPLES / f"{name}.jpg")
            for levels in make_clip(name, photo, MOVES[move], SIZE, FRAMES, seed).grey:
                frame = av.VideoFrame.from_ndarray(np.repeat(levels[..., None], 3, axis=2), "rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 24)
                film.mux(stream.encode(frame))
                number += 1
        film.mux(stream.encode(None))


def shown_frames(path: Path) -> list[Image.Image]:
    """Every third frame, small."""
    with av.open(str(path)) as film:
        pictures = [frame.to_image() for n, frame in enumerate(film.decode(video=0)) if n % EVERY == 0]
    return [picture.resize(SHOWN, Image.Resampling.LANCZOS) for picture in pictures]


def main() -> None:
    """Writes the animation."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--quality", type=int, default=34, help="of the WebP, 0 to 100")
    options = parser.parse_args()
    colorizer = Colorizer.from_pretrained(runtime=select_runtime(threads=1, fast_start=True))
    with tempfile.TemporaryDirectory() as folder:
        grey, colored = Path(folder, "grey.mp4"), Path(folder, "colour.mp4")
        write_scenes(grey)
        FilmColorizer(colorizer).color(grey, colored)
        pairs = []
        for before, after in zip(shown_frames(grey), shown_frames(colored), strict=True):
            pair = Image.new("RGB", (2 * SHOWN[0] + 4, SHOWN[1]), "white")
            pair.paste(before, (0, 0))
            pair.paste(after, (SHOWN[0] + 4, 0))
            pairs.append(pair)
    first, *rest = pairs
    first.save(
        options.output, "WEBP", save_all=True, append_images=rest, duration=1000 * EVERY // 24, loop=0,
        quality=options.quality, method=6,
    )  # fmt: skip
    print(f"{options.output}: {options.output.stat().st_size / 1e3:.0f} kB, {len(pairs)} frames")


if __name__ == "__main__":
    main()
