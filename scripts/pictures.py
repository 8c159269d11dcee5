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
from colorizer.file_plan import find_photos

GAP = 6


def pair(colorizer: Colorizer, path: Path, height: int, true: bool = False) -> Image.Image:
    """One photo, grey or as it came, and coloured, in the given height."""
    prediction = colorizer.predict(path)
    width = round(height * prediction.photo.size[0] / prediction.photo.size[1])
    row = Image.new("RGB", (2 * width + GAP, height), "white")
    before = prediction.photo.original if true else prediction.render(0)
    for place, picture in enumerate((before, prediction.render(1))):
        row.paste(picture.convert("RGB").resize((width, height), Image.LANCZOS), (place * (width + GAP), 0))
    return row


def sheet(pairs: list[Image.Image], across: int) -> Image.Image:
    """The pairs in rows of `across`, every row centred on white."""
    rows = [pairs[i : i + across] for i in range(0, len(pairs), across)]
    widths = [sum(p.width for p in row) + 3 * GAP * (len(row) - 1) for row in rows]
    height = pairs[0].height
    page = Image.new("RGB", (max(widths), len(rows) * (height + 3 * GAP) - 3 * GAP), "white")
    for number, (row, width) in enumerate(zip(rows, widths, strict=True)):
        x = (page.width - width) // 2
        for picture in row:
            page.paste(picture, (x, number * (height + 3 * GAP)))
            x += picture.width + 3 * GAP
    return page


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", nargs="+", type=Path, help="photos and folders of photos")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--weights", help="file or folder (default: the shipped)")
    parser.add_argument("--height", type=int, default=260, help="of each photo, in pixels")
    parser.add_argument("--across", type=int, default=1, help="pairs a row")
    parser.add_argument("--true", action="store_true", help="the left picture keeps the colours it came in")
    options = parser.parse_args()
    colorizer = Colorizer.from_pretrained(options.weights)
    photos = [source for source, _ in find_photos(options.photos)]
    options.output.parent.mkdir(parents=True, exist_ok=True)
    pairs = [pair(colorizer, path, options.height, options.true) for path in photos]
    sheet(pairs, options.across).save(options.output, quality=88)


if __name__ == "__main__":
    main()
