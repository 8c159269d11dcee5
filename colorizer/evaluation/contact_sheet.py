"""Contact sheets: photos grey, coloured and true, side by side on white.

    sheet = contact_sheet([[grey1, colored1], [grey2, colored2]], across=2, gap=6)
    add_caption(sheet, "Left: grey. Right: coloured.", font_size=14).save("sheet.png")

Training, evaluation, the model card and the page's download draw their sheets here.
"""

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

Images = Sequence[Image.Image]


def contact_sheet(groups: Sequence[Images], across: int = 1, gap: int = 0, group_gap: int = 8) -> Image.Image:
    """Draws groups of pictures in rows, each row centred.

    Args:
        groups: pictures that belong together, such as grey, coloured and true; any sizes.
        across: the number of groups in a row.
        gap: pixels between the pictures of a group.
        group_gap: pixels between groups, and between rows.

    Returns:
        One RGB picture.

    Raises:
        ValueError: there is no picture.
    """
    if not groups or not all(groups):
        raise ValueError(f"A contact sheet needs at least one picture a group. Received: {groups}")
    rows = [groups[i : i + across] for i in range(0, len(groups), across)]
    widths = [sum(_width(group, gap) for group in row) + group_gap * (len(row) - 1) for row in rows]
    heights = [max(image.height for group in row for image in group) for row in rows]
    sheet = Image.new("RGB", (max(widths), sum(heights) + group_gap * (len(rows) - 1)), "white")
    top = 0
    for row, width, height in zip(rows, widths, heights, strict=True):
        left = (sheet.width - width) // 2
        for group in row:
            for image in group:
                sheet.paste(image.convert("RGB"), (left, top))
                left += image.width + gap
            left += group_gap - gap
        top += height + group_gap
    return sheet


def resize_to_height(image: Image.Image, height: int) -> Image.Image:
    """The picture in another height, in pixels, aspect kept."""
    return image.resize((round(height * image.width / image.height), height), Image.Resampling.LANCZOS)


def square_tile(image: Image.Image, side: int) -> Image.Image:
    """The whole picture, at most `side` pixels long, in the middle of a white square of `side`."""
    small = image.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    tile = Image.new("RGB", (side, side), "white")
    tile.paste(small, ((side - small.width) // 2, (side - small.height) // 2))
    return tile


def add_caption(image: Image.Image, caption: str, font_size: int) -> Image.Image:
    """The picture over a caption in black on white, centred, and wrapped where it is too long.

    Args:
        image: an RGB picture.
        caption: the text.
        font_size: its height in pixels.
    """
    font = ImageFont.load_default(font_size)
    lines = [""]
    for word in caption.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > image.width - font_size:
            lines.append(word)
        else:
            lines[-1] = longer
    height = round((1.3 * len(lines) + 1.7) * font_size)
    result = Image.new("RGB", (image.width, image.height + height), "white")
    result.paste(image)
    middle = image.width / 2, image.height + height / 2
    ImageDraw.Draw(result).multiline_text(
        middle, "\n".join(lines), fill="black", font=font, anchor="mm", align="center"
    )
    return result


def _width(group: Images, gap: int) -> int:
    return sum(image.width for image in group) + gap * (len(group) - 1)
