"""Makes the pictures of the documentation: photos before and after, side by side, as one JPEG.

    python scripts/pictures.py examples/london-boy-1945.jpg … -o docs/pictures/before-after.jpg
    python scripts/pictures.py ../shared/old-photos -o docs/pictures/old-photos.jpg --across 2
    python scripts/pictures.py examples/eileen-collins-nasa.jpg --true -o colorizer/page/failures/a-suit.jpg

PHOTO may be a folder; the repository's root must be importable (PYTHONPATH=. or `pip install -e .`).
"""

import argparse
from pathlib import Path

from PIL import Image

from colorizer import Colorizer
from colorizer.evaluation.contact_sheet import contact_sheet, resize_to_height
from colorizer.file_plan import find_photos
from colorizer.film_types import is_film

GAP = 6


def pair(colorizer: Colorizer, path: Path, height: int, true: bool = False) -> list[Image.Image]:
    """One photo, grey or in its own colours, and coloured, in the given height."""
    prediction = colorizer.predict(path)
    before = prediction.photo.original if true else prediction.render(0)
    return [resize_to_height(picture, height) for picture in (before, prediction.render(1))]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", nargs="+", type=Path, help="photos and folders of photos")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--weights", help="file or folder (default: the shipped)")
    parser.add_argument("--height", type=int, default=260, help="height of each photo, in pixels")
    parser.add_argument("--across", type=int, default=1, help="number of pairs in a row")
    parser.add_argument("--true", action="store_true", help="the left picture keeps its own colours")
    options = parser.parse_args()
    colorizer = Colorizer.from_pretrained(options.weights)
    photos = [source for source, _ in find_photos(options.photos) if not is_film(source)]
    options.output.parent.mkdir(parents=True, exist_ok=True)
    pairs = [pair(colorizer, path, options.height, options.true) for path in photos]
    contact_sheet(pairs, options.across, GAP, group_gap=3 * GAP).save(options.output, quality=88)


if __name__ == "__main__":
    main()
