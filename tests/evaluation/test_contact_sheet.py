"""Contact sheets: every picture has its place, and nothing is scaled by accident."""

import numpy as np
import pytest
from PIL import Image

from colorizer.evaluation.contact_sheet import add_caption, contact_sheet, resize_to_height, square_tile
from colorizer.evaluation.plots import save_samples

RED, GREEN, BLUE = (Image.new("RGB", (20, 10), color) for color in ("red", "lime", "blue"))


def test_pictures_of_a_group_stand_side_by_side_and_groups_in_rows():
    sheet = contact_sheet([[RED, GREEN], [BLUE, RED], [GREEN, BLUE]], across=2, gap=2, group_gap=6)
    assert sheet.size == (2 * 42 + 6, 2 * 10 + 6)
    assert [sheet.getpixel((x, 5)) for x in (10, 21, 32, 45, 58, 80)] == [
        (255, 0, 0), (255, 255, 255), (0, 255, 0), (255, 255, 255), (0, 0, 255), (255, 0, 0),
    ]  # fmt: skip
    # The last row has one group, in the middle.
    assert [sheet.getpixel((x, 20)) for x in (10, 24 + 10, 24 + 32, 80)] == [
        (255, 255, 255), (0, 255, 0), (0, 0, 255), (255, 255, 255),
    ]  # fmt: skip


def test_a_sheet_without_pictures_is_refused():
    for groups in ([], [[]]):
        with pytest.raises(ValueError, match=r"needs at least one picture a group\. Received: "):
            contact_sheet(groups)


def test_pictures_are_resized_with_their_aspect_kept():
    assert resize_to_height(RED, 5).size == (10, 5)
    tile = square_tile(RED, 10)
    assert tile.size == (10, 10)
    assert tile.getpixel((5, 5)) == (255, 0, 0)
    assert tile.getpixel((5, 1)) == (255, 255, 255)


@pytest.mark.parametrize("width", [40, 300, 2000])
def test_a_caption_stands_below_the_picture_and_is_wrapped_to_its_width(width):
    picture = Image.new("RGB", (width, 30), "red")
    captioned = add_caption(picture, "Left: the photograph. Right: colours that a network predicted.", 12)
    assert captioned.crop((0, 0, width, 30)).getcolors() == [(30 * width, (255, 0, 0))]
    below = np.asarray(captioned.crop((0, 30, width, captioned.height)).convert("L"))
    rows, columns = (np.nonzero((below < 128).any(axis=axis))[0] for axis in (1, 0))
    assert rows.size
    assert rows.min() > 0 and rows.max() < below.shape[0] - 1
    if width > 100:  # a single word may be wider than a very small picture
        assert abs((columns.min() + columns.max()) / 2 - width / 2) < 6
        assert columns.min() > 0 and columns.max() < width - 1


def test_samples_of_training_are_a_contact_sheet_of_arrays(tmp_path):
    columns = [np.full((3, 8, 8, 3), level, np.uint8) for level in (10, 20, 30)]
    save_samples(tmp_path / "samples.png", *columns)
    with Image.open(tmp_path / "samples.png") as sheet:
        assert sheet.size == (2 * 24 + 8, 2 * 8 + 8)
        assert [sheet.getpixel((x, 4)) for x in (4, 12, 20)] == [(10,) * 3, (20,) * 3, (30,) * 3]
