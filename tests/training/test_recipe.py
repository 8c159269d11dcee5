"""Recipes: each file in recipes/ is a valid stage, and the command line overrides it."""

import pytest

from colorizer.training.cli import parse
from colorizer.training.config import check_config
from colorizer.training.recipe import read_recipe
from tests.helpers.paths import ROOT

RECIPES = sorted((ROOT / "recipes").glob("*.toml"))
NEXT = sorted((ROOT / "recipes" / "next").glob("*.toml"))


def test_there_is_a_recipe_for_each_stage_of_the_shipped_weights():
    assert len(RECIPES) == 9


@pytest.mark.parametrize("path", RECIPES + NEXT, ids=lambda path: path.stem)
def test_a_recipe_has_only_valid_options(path):
    check_config(parse(["--config", str(path)]))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_weights_that_a_recipe_starts_from_come_from_an_earlier_one(path):
    recipe = read_recipe(path)
    earlier = {read_recipe(other)["out"] for other in RECIPES if other < path}
    needed = {*recipe.get("teacher", ()), *([recipe["init"]] if "init" in recipe else [])}
    # Stage 8 is run three times with three seeds, into a folder each.
    assert {
        name.replace("teachers/2", "teachers/1").replace("teachers/3", "teachers/1") for name in needed
    } <= earlier


@pytest.mark.parametrize("path", NEXT, ids=lambda path: path.stem)
def test_a_next_stage_starts_from_weights_that_are_here_or_come_from_an_earlier_one(path):
    recipe = read_recipe(path)
    earlier = {read_recipe(other)["out"] for other in NEXT if other < path}
    needed = {*recipe.get("teacher", ()), *([recipe["init"]] if "init" in recipe else [])}
    assert all((ROOT / name / "colorizer.weights.h5").exists() for name in needed - earlier)


def test_the_command_line_overrides_a_recipe(tmp_path):
    recipe = tmp_path / "stage.toml"
    recipe.write_text(
        'photos = ["a.zip", "b.zip"]\nsize = [80, 96]\nminutes = 38\ntwo_scale = true\nseed = 1\n'
    )
    config = parse(["--config", str(recipe), "--photos", "mine/", "--no-two-scale", "--seed", "2"])
    assert config.photos == ("mine/",)
    assert config.size == (80, 96)
    assert config.minutes == 38
    assert not config.two_scale
    assert config.seed == 2


def test_epochs_on_the_command_line_replace_a_recipes_minutes(tmp_path):
    recipe = tmp_path / "stage.toml"
    recipe.write_text('photos = ["a.zip"]\nminutes = 38\n')
    config = parse(["--config", str(recipe), "--epochs", "3"])
    assert (config.minutes, config.epochs) == (None, 3.0)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('photos = ["a"]\nmentor = "x"\n', "names options that do not exist. Received: mentor"),
        ("photos = [\n", "A recipe must be a TOML file"),
        ("seed = 1\n", "photos are required"),
    ],
)
def test_a_wrong_recipe_exits_with_2_and_a_sentence(text, sentence, tmp_path, capsys):
    recipe = tmp_path / "stage.toml"
    recipe.write_text(text)
    with pytest.raises(SystemExit) as stopped:
        parse(["--config", str(recipe)])
    assert stopped.value.code == 2
    assert sentence in capsys.readouterr().err


def test_a_recipe_that_does_not_exist_exits_with_2(tmp_path, capsys):
    with pytest.raises(SystemExit):
        parse(["--config", str(tmp_path / "none.toml")])
    assert "none.toml" in capsys.readouterr().err
