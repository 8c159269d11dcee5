"""Old names of options, which still work: on the command line, in checkpoints and in training records.

    translate(["--mentor", "runs/a", "--trust", "0.8"])
    # ["--teacher", "runs/a", "--distillation-weight", "0.8"], and a line for each old name

`--teacher` has changed its meaning. It named the package with VGG16's weights, which is now `--perceptual`;
now it names the weights of a teacher, which was `--mentor`. A package is recognised by its suffix.
"""

import re
from collections.abc import Sequence
from typing import Any

OPTIONS = {
    "mentor": "teacher",
    "mentor_size": "teacher_size",
    "trust": "distillation_weight",
    "hint": "feature_weight",
    "halved": "two_scale",
    "level": "log_loss_scale",
    "window": "lpips_crop",
    "inherit": "init_from_teacher",
    "freeze": "frozen_layers",
    "rows": "eval_every",
    "average": "average_share",
}
PACKAGE_SUFFIXES = (".tar.gz", ".tgz", ".tar")


def translate(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Replaces old option names on a command line.

    Returns:
        The command line in today's names, and a deprecation line for each old name in it.
    """
    flags = {_flag(old): _flag(new) for old, new in OPTIONS.items()}
    result: list[str] = []
    notes: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if name in flags:
            notes.append(f"{name} is now called {flags[name]}; the old name will be removed.")
            result.append(flags[name] + equals + value)
        elif name == "--teacher":
            values = [value] if equals else []
            while rest and not rest[0].startswith("-"):
                values.append(rest.pop(0))
            packages = [each for each in values if each.endswith(PACKAGE_SUFFIXES)]
            folders = [each for each in values if each not in packages]
            if packages:
                notes.append(
                    f"--teacher {packages[-1]} is now --perceptual {packages[-1]}: "
                    "--teacher names the weights of a teacher (formerly --mentor)."
                )
                result += ["--perceptual", packages[-1]]
            if folders or not values:
                result += ["--teacher", *folders]
        elif word == "--network=mentor" or (word == "--network" and rest[:1] == ["mentor"]):
            notes.append("--network mentor is now --network teacher; the old name will be removed.")
            if not equals:
                rest.pop(0)
            result += ["--network", "teacher"]
        else:
            result.append(word)
    return result, notes


def translate_command(command: str) -> str:
    """The text of a training record's command in today's names; comments and unknown words stay."""
    package = r"--teacher(\s+)(\S+(?:" + "|".join(map(re.escape, PACKAGE_SUFFIXES)) + r"))(?=\s|$)"
    command = re.sub(package, r"--perceptual\1\2", command)
    command = re.sub(r"--network(\s+)mentor\b", r"--network\1teacher", command)
    for old, new in OPTIONS.items():
        command = re.sub(rf"{_flag(old)}(?=\s|$)", _flag(new), command)
    return command


def translate_config(values: dict[str, Any]) -> dict[str, Any]:
    """A checkpoint's configuration in today's names."""
    if "eval_every" in values:
        return values
    values = dict(values)
    if "teacher" in values:
        values["perceptual"] = values.pop("teacher")
    if values.get("network") == "mentor":
        values["network"] = "teacher"
    return {OPTIONS.get(name, name): value for name, value in values.items()}


def translate_state(state: dict[str, Any]) -> dict[str, Any]:
    """A checkpoint's account of the run in today's names."""
    names = {"rows": "evaluations", "next_row": "next_evaluation"}
    return {names.get(name, name): value for name, value in state.items()}


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
