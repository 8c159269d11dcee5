"""What the page's editor sends and shows: messages, swatches, the line around what a correction reaches."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from colorizer.errors import HintError
from colorizer.hints.hint import Hint, ab_of
from colorizer.image import color
from colorizer.image.decoders import open_image
from colorizer.page.correction.edit_message import EditMessage
from colorizer.page.correction.editor import answer_to, corrected, with_typical_place
from colorizer.page.correction.reach_outline import SIDE, outline_url
from colorizer.page.correction.swatches import PLAIN_COLORS, colors_for_place, describe, hex_colors
from colorizer.page.session import Session

ORANGE = {"x": 0.25, "y": 0.5, "color": "#e0701e"}
SQUARE = [[0.2, 0.2], [0.6, 0.2], [0.6, 0.6], [0.2, 0.6]]


@pytest.fixture(scope="module")
def session(tiny_colorizer) -> Session:
    """A photo of a ramp: black at the left, white at the right."""
    ramp = np.tile(np.linspace(0, 255, 96).astype(np.uint8), (64, 1))
    return Session.of(tiny_colorizer.predict(Image.fromarray(ramp), 64))


# --- messages ------------------------------------------------------------------------------------------


def test_a_message_says_all_corrections_and_which_is_in_hand():
    message = EditMessage.of({"number": 3, "hints": [ORANGE], "selected": 0, "draft": None})
    assert message.hints == (Hint(0.25, 0.5, "#e0701e"),)
    assert message.place == message.hints[0]
    assert message.number == 3


def test_a_place_without_a_color_is_looked_at_as_a_hint_that_changes_nothing():
    message = EditMessage.of({"number": 1, "hints": [], "selected": None, "draft": {"x": 0.5, "y": 0.1}})
    assert message.place == Hint(0.5, 0.1)


def test_the_place_of_an_outline_is_well_inside():
    message = EditMessage.of({"number": 1, "draft": {"outline": SQUARE}})
    assert (message.place.x, message.place.y) == pytest.approx((0.4, 0.4), abs=0.03)
    assert message.place.outline == tuple(map(tuple, SQUARE))


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (None, "only the keys"),
        ([], "only the keys"),
        ({"number": 1, "path": "/etc/passwd"}, "only the keys"),
        ({"hints": []}, "needs a number"),
        ({"number": True}, "needs a number"),
        ({"number": 1, "hints": "orange"}, "must be JSON"),
        ({"number": 1, "hints": {"x": 1}}, "must be a list"),
        ({"number": 1, "hints": [ORANGE] * 101}, "at most 100 hints"),
        ({"number": 1, "hints": [{**ORANGE, "x": float("nan")}]}, "x must be a number"),
        ({"number": 1, "hints": [{**ORANGE, "y": -0.1}]}, "y must be a number"),
        ({"number": 1, "hints": [ORANGE], "selected": 1}, "not in the list"),
        ({"number": 1, "hints": [ORANGE], "selected": True}, "not in the list"),
        ({"number": 1, "draft": "here"}, "must be an object"),
        ({"number": 1, "draft": {"outline": []}}, "encloses nothing"),
        ({"number": 1, "draft": {"outline": [[0, 0], [1, 1], [0.5, 0.5]]}}, "encloses nothing"),
        ({"number": 1, "draft": {"outline": [[0.1, 0.1]] * 100_000}}, "3 to 1000 corners"),
        ({"number": 1, "offered": [[1, 2]] * 25}, "At most 24"),
        ({"number": 1, "offered": [[1e9, 2]]}, "must be a number"),
        ({"number": 1, "offered": 7}, "At most 24"),
    ],
)
def test_what_is_no_message_gets_a_sentence(message, sentence):
    with pytest.raises(HintError, match=sentence):
        EditMessage.of(message)


def test_swatches_are_sent_unless_the_browser_has_them(session):
    message = EditMessage.of({"number": 1, "hints": [ORANGE], "selected": 0})
    known = EditMessage.of({"number": 1, "hints": [ORANGE], "selected": 0, "look": False})
    corrected_session = corrected(session, message.hints)
    assert "place" in answer_to(message, corrected_session, 1.0, changed=True)
    answer = answer_to(known, corrected_session, 1.0, changed=True)
    assert "place" not in answer and answer["reach"]


def test_the_picture_of_an_answer_is_small_enough_for_a_slow_connection(tiny_colorizer):
    large = Session.of(tiny_colorizer.predict(Image.linear_gradient("L").resize((2400, 1800)), 64))
    url = answer_to(EditMessage.of({"number": 1}), large, 1.0, changed=True)["picture"]["url"]
    image = open_image(io.BytesIO(base64.b64decode(url.partition(",")[2])))
    assert image.size == (1200, 900)


# --- swatches ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [0.3, 0.5, 0.8])
def test_every_swatch_is_as_light_as_the_place(session, x):
    place = colors_for_place(session, x, 0.5, 1.0)
    lightness = session.preview.lightness_at(x, 0.5)
    for group in ("likely", "things", "plain", "hues"):
        for swatch in place[group]:
            channels = np.array([int(swatch["hex"][at : at + 2], 16) for at in (1, 3, 5)])
            shown = color.rgb_to_lab(channels / 255)[0]
            assert shown == pytest.approx(lightness, abs=1.5), (group, swatch)


def test_a_place_offers_what_is_predicted_there_first(session):
    first = colors_for_place(session, 0.5, 0.5, 1.0)["likely"][0]
    assert first["name"] == "as predicted"
    assert first["ab"] == pytest.approx(session.prediction.ab[32, 48].tolist(), abs=0.01)


def test_what_is_predicted_is_shown_in_the_strength_and_tone_of_the_photo(session):
    toned = session.toned(2)
    expected = toned.prediction.colors(1.5)[32, 48].tolist()
    assert colors_for_place(toned, 0.5, 0.5, 1.5)["likely"][0]["ab"] == pytest.approx(expected, abs=0.01)
    kept, as_predicted = (describe(s, Hint(0.5, 0.5), 1.5)["hex"] for s in (toned, session))
    assert kept == hex_colors(session.preview.lightness_at(0.5, 0.5, 0.004), [tuple(expected)])[0]
    assert kept != as_predicted


def test_a_speck_of_dust_does_not_change_the_swatches(tiny_colorizer):
    pixels = np.full((500, 500), 128, np.uint8)
    pixels[250, 250] = 0
    dusty = Session.of(tiny_colorizer.predict(Image.fromarray(pixels), 64))
    assert colors_for_place(dusty, 0.501, 0.501, 1.0)["light"] == "of medium lightness"


def test_the_place_of_an_outline_is_as_light_as_most_of_it(tiny_colorizer):
    pixels = np.full((100, 100), 150, np.uint8)
    pixels[35:45, 35:45] = 5  # a shadow in the middle
    shadowed = Session.of(tiny_colorizer.predict(Image.fromarray(pixels), 64))
    message = EditMessage.of({"number": 1, "draft": {"outline": SQUARE}})
    place = with_typical_place(message, shadowed).place
    assert place.outline == message.place.outline
    assert shadowed.preview.lightness_at(place.x, place.y) == pytest.approx(62, abs=2)


def test_memory_colors_plain_colors_and_those_of_another_picture_are_offered(session):
    place = colors_for_place(session, 0.5, 0.5, 1.0, [(40.0, 30.0)])
    assert {"sky", "leaf", "denim", "brick", "wood", "brass"} <= {s["name"] for s in place["things"]}
    assert [s["name"] for s in place["plain"]] == list(PLAIN_COLORS)
    assert [s["ab"] for s in place["offered"]] == [[40, 30]]
    assert place["light"] == "of medium lightness"


def test_a_wish_that_cannot_be_shown_there_gets_advice(session):
    assert "almost black" in describe(session, Hint(0, 0.5, "#e3c022"), 1.0)["advice"]
    assert describe(session, Hint(0.5, 0.5, (0.0, 0.0)), 1.0)["advice"] is None
    assert describe(session, Hint(0.85, 0.5, ab_of("#44597a")), 1.0)["advice"] is None  # a little paler
    assert describe(session, Hint(0.5, 0.5), 1.0)["advice"] is None


def test_colors_that_fit_are_shown_as_they_are():
    assert hex_colors(53.24, [ab_of("#ff0000"), (0.0, 0.0)]) == ["#ff0000", "#7f7f7f"]
    assert hex_colors(50, []) == []


# --- the line around what a correction reaches -----------------------------------------------------------


def test_the_line_is_where_a_correction_counts_half():
    share = np.zeros((60, 80), np.float32)
    share[:, :40] = 1
    data = base64.b64decode(outline_url(share).partition(",")[2])
    image = open_image(io.BytesIO(data))
    assert image.size == (SIDE, SIDE * 60 // 80)
    grey, alpha = np.asarray(image).astype(int).transpose(2, 0, 1)
    middle = SIDE // 2
    assert alpha[100, middle] > 200 and grey[100, middle] > 200  # a light line
    assert 0 < alpha[100, middle + 3] < 150 and grey[100, middle + 3] < 100  # with a dark halo
    assert alpha[:, : middle - 40].max() == alpha[:, middle + 40 :].max() == 0
