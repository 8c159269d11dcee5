"""The model card: made from the records beside the weights, and only from those."""

import json
import re

import pytest
from huggingface_hub import ModelCard

from colorizer.errors import CardError
from colorizer.pretrained import manifest, weights_file
from colorizer.pretrained.locate import SHIPPED
from colorizer.publishing import model_card

ROWS = {
    "grey": {"psnr": 22.514, "ssim": 0.935, "dE00": 10.97, "cf": 0.1, "dcf": 40.9},
    "model": {"psnr": 23.42, "ssim": 0.9364, "dE00": 10.39, "cf": 16.04, "dcf": 25.0},
    "truth": {"psnr": None, "ssim": 1.0, "dE00": 0.0, "cf": 41.0, "dcf": 0.0},
}
TRAINING = {"command": "python train.py --photos mine", "photos": 1234, "crops": 56789, "minutes": 7.5}


@pytest.fixture
def folder(tmp_path, tiny_network):
    """Weights with complete records."""
    digest = manifest.sha256(weights_file.save(tiny_network, tmp_path))
    evaluation = {"photos": 500, "skipped": {}, "size": 256, "rows": ROWS, "weights": digest}
    (tmp_path / manifest.TRAINING_NAME).write_text(json.dumps(TRAINING))
    (tmp_path / manifest.EVALUATION_NAME).write_text(json.dumps(evaluation))
    return tmp_path


def test_its_metadata_are_what_the_hub_searches_with_the_grey_row_beside_each_figure(folder):
    data = ModelCard(
        str(model_card.build_card(folder, "someone/colorizer"))
    ).data  # as the Hub's library reads it
    assert (data.library_name, data.pipeline_tag, data.license) == ("keras", "image-to-image", "mit")
    assert data.metrics == ["psnr", "ssim", "de00", "cf"]
    values = {result.metric_name: result.metric_value for result in data.eval_results}
    assert values["PSNR, dB"] == 23.42
    assert values["PSNR, dB, the same photographs left grey"] == 22.514
    assert len(values) == 8


def test_it_says_how_they_came_about_what_they_score_and_what_they_are_bad_at(folder):
    text = str(model_card.build_card(folder, "someone/colorizer"))
    assert 'Colorizer.from_pretrained("someone/colorizer")' in text
    assert "1,234 colour photographs." in text
    assert "python train.py --photos mine" in text
    assert "from minute 7.5, after 56,789 crops" in text
    assert "| grey | 22.51 | 0.935 | 10.97 | 0.1 |\n| coloured | 23.42 | 0.936 | 10.39 | 16.0 |" in text
    assert "## Limitations" in text
    assert "samples.jpg" not in text


def test_what_was_written_by_hand_is_taken_as_it_is(folder):
    more = {"data": "Photos of **ships**.", "machine": "On a laptop.", "datasets": ["someone/ships"]}
    (folder / manifest.TRAINING_NAME).write_text(json.dumps(TRAINING | more))
    built = model_card.build_card(folder)
    assert "Photos of **ships**." in str(built)
    assert "On a laptop.\nThese weights are from" in str(built)
    assert built.data.datasets == ["someone/ships"]


def test_without_an_evaluation_it_says_that_nothing_was_measured(folder):
    (folder / manifest.EVALUATION_NAME).unlink()
    built = model_card.build_card(folder)
    assert "Not measured." in str(built)
    assert built.data.eval_results is None


def test_figures_of_other_weights_and_broken_records_are_refused(folder):
    path = folder / manifest.EVALUATION_NAME
    path.write_text(path.read_text().replace(manifest.sha256(folder / manifest.WEIGHTS_NAME), "0" * 64))
    with pytest.raises(CardError, match="was measured with other weights: run"):
        model_card.build_card(folder)
    path.unlink()
    (folder / manifest.TRAINING_NAME).write_text('{"photos": 3}')
    with pytest.raises(CardError, match=re.escape("do not make a card: KeyError('minutes')")):
        model_card.build_card(folder)
    (folder / manifest.TRAINING_NAME).write_text("[]")
    with pytest.raises(CardError, match=r"must hold a JSON object\. Received: list"):
        model_card.build_card(folder)


def test_the_command_writes_it_beside_the_weights(folder, capsys):
    assert model_card.main([str(folder)]) == 0
    assert (folder / "README.md").read_text() == f"{model_card.build_card(folder)}\n"
    (folder / manifest.TRAINING_NAME).unlink()
    assert model_card.main([str(folder)]) == 2
    assert "training.json cannot be read" in capsys.readouterr().err


def test_the_shipped_card_is_that_of_the_shipped_weights():
    made = f"{model_card.build_card(SHIPPED)}\n"
    assert (SHIPPED / model_card.CARD_NAME).read_text() == made, "run `colorizer card`"
