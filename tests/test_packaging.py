"""Installing: what is declared is what is imported, and the wheel works in an environment of its own."""

import ast
import os
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from PIL import Image

import colorizer
from colorizer.publishing import deploy_files
from tests.helpers import wheels
from tests.helpers.paths import EXAMPLES, ROOT

LARGEST_ENVIRONMENT = 600  # MB
LEFT_OUT = ("tensorflow", "keras", "gradio", "matplotlib", "skimage", "ray", "pyarrow")
# Libraries that are used by way of another one, which answers for their version.
COMES_WITH = {
    "httpx2": "huggingface-hub",
    "llvmlite": "numba",
    "fastapi": "gradio",
    "gradio_client": "gradio",
    "h11": "gradio",
    "mcp": "gradio",
    "starlette": "gradio",
    "uvicorn": "gradio",
}


# --- what is declared ---------------------------------------------------------------------------------


def test_the_exact_versions_are_those_of_everything_that_runs_and_trains():
    exact = wheels.pinned(ROOT / "requirements.txt")
    ranges = [*wheels.declared(), *wheels.declared("page", "train", "eval")]
    assert wheels.names(exact) == wheels.names(ranges)


def test_the_exact_versions_for_developers_are_those_of_the_other_extras():
    exact = wheels.pinned(ROOT / "requirements-dev.txt")
    others = wheels.names(wheels.pinned(ROOT / "requirements.txt"))
    assert wheels.names(exact) == wheels.names(wheels.declared("dev")) - others


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_every_exact_version_lies_within_its_range(file):
    ranges = {
        (canonicalize_name(r.name), r.marker and str(r.marker)): r
        for r in [*wheels.declared(), *wheels.declared("dev")]
    }
    for pin in wheels.pinned(ROOT / file):
        (version,) = pin.specifier
        assert version.operator == "==", pin
        declared = ranges[canonicalize_name(pin.name), pin.marker and str(pin.marker)]
        assert declared.specifier.contains(version.version), f"{pin} is not within {declared}"
        assert pin.extras == declared.extras


def test_every_library_that_the_package_imports_is_declared():
    extras = wheels.PROJECT["optional-dependencies"].keys() - {"dev"}
    known = wheels.names([*wheels.declared(), *wheels.declared(*sorted(extras))])
    providers = packages_distributions()
    undeclared = set()
    for file in sorted((ROOT / "colorizer").rglob("*.py")):
        for library in libraries(file) - sys.stdlib_module_names - {"colorizer"}:
            names = [COMES_WITH[library]] if library in COMES_WITH else providers[library]
            if not known & {canonicalize_name(name) for name in names}:
                undeclared.add(f"{file.relative_to(ROOT)}: {library}")
    assert undeclared == set()


def libraries(file: Path) -> set[str]:
    """The top-level names of what a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def test_the_public_names_are_those_that_type_checkers_see():
    (shown,) = [
        node for node in ast.parse(Path(colorizer.__file__).read_text()).body if isinstance(node, ast.If)
    ]
    imports = {alias.name: node.module for node in shown.body for alias in node.names}
    assert imports == colorizer._MODULES
    assert sorted(imports) == colorizer.__all__
    assert set(colorizer.__all__) < set(dir(colorizer))
    with pytest.raises(AttributeError, match="has no attribute 'Colourizer'"):
        _ = colorizer.Colourizer


# --- the wheel ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.mark.slow
def test_the_wheel_holds_every_module_the_weights_and_the_examples_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        weights = archive.getinfo("colorizer/weights/colorizer.weights.h5").file_size
    package = [p for p in (ROOT / "colorizer").rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    beside = [
        *(ROOT / "examples").iterdir(),
        *(ROOT / "weights" / name for name in deploy_files.WEIGHTS_FILES),
    ]
    expected = {p.relative_to(ROOT).as_posix() for p in package}
    assert held == expected | {f"colorizer/{p.relative_to(ROOT).as_posix()}" for p in beside}
    assert weights == (ROOT / "weights" / "colorizer.weights.h5").stat().st_size
    assert "colorizer/py.typed" in held


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """A fresh environment in which the wheel alone is installed, from wheels on disk; its bin folder."""
    if not wheels.FOLDER.is_dir():
        pytest.fail(f"{wheels.FOLDER} is missing: `make venv` downloads the wheels for this test")
    folder = tmp_path_factory.mktemp("lean") / "venv"
    venv.create(folder, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet"]
    source = ["--no-index", "--find-links", str(wheels.FOLDER), "--disable-pip-version-check"]
    done = subprocess.run([*pip, *source, str(wheel)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "bin"


def run(*command: str | Path, folder: Path, **variables: str) -> subprocess.CompletedProcess:
    """Runs a command as a user would, away from the repository."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COLORIZER"))
    }
    return subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment | variables,
    )


@pytest.mark.slow
def test_the_lean_environment_has_neither_tensorflow_nor_gradio_and_is_small(installed, tmp_path):
    code = f"from importlib.util import find_spec; print([name for name in {LEFT_OUT} if find_spec(name)])"
    assert run(installed / "python", "-c", code, folder=tmp_path).stdout == "[]\n"
    megabytes = sum(path.lstat().st_size for path in installed.parent.rglob("*") if path.is_file()) / 1e6
    assert megabytes < LARGEST_ENVIRONMENT


@pytest.mark.slow
def test_the_installed_command_colors_a_photo_with_the_weights_of_the_wheel(installed, tmp_path):
    photo = EXAMPLES / "detroit-1915.jpg"
    done = run(installed / "colorizer", photo, "-o", "coloured", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "1 coloured, 0 already there, 0 failed" in done.stderr
    with Image.open(photo) as before, Image.open(tmp_path / "coloured" / photo.name) as after:
        assert (after.size, after.mode) == (before.size, "RGB")


@pytest.mark.slow
def test_the_installed_package_colors_a_photo_from_python(installed, tmp_path):
    code = (
        "from colorizer import Colorizer\n"
        f"picture = Colorizer.from_pretrained().colorize({str(EXAMPLES / 'london-boy-1945.jpg')!r})\n"
        "red, green, blue = picture.resize((1, 1)).getpixel((0, 0))\n"
        "print(picture.mode, red != blue)"
    )
    assert run(installed / "python", "-c", code, folder=tmp_path).stdout == "RGB True\n"


@pytest.mark.slow
def test_the_installed_command_makes_the_model_card_and_shows_what_it_would_publish(installed, tmp_path):
    done = run(installed / "colorizer", "publish", "ada/colors", "--dry-run", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert 'Colorizer.from_pretrained("ada/colors")' in done.stdout
    assert "colorizer.weights.h5" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "extra"),
    [
        ("serve", "page"),
        ("cluster scans coloured", "cluster"),
        ("train --photos .", "train"),
        ("export --format onnx -o x", "export"),
    ],
)
def test_a_command_whose_libraries_are_not_installed_says_which_extra_has_them(
    installed, tmp_path, command, extra
):
    done = run(installed / "colorizer", *command.split(), folder=tmp_path)
    assert done.returncode == 2
    assert f'`colorizer {command.split()[0]}` needs the extra "{extra}", and ' in done.stderr
    assert done.stderr.endswith(f'is not installed: in the repository, pip install ".[{extra}]"\n')
