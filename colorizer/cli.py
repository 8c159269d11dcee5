"""The command `colorizer`: colours a photo or whole folders, and starts everything else the project does.

    colorizer grandma.jpg -o coloured/
    colorizer scans/ album/ -o coloured/ --strength 1.2
    colorizer wedding.jpg --beside       # writes wedding-colour.jpg
    colorizer wedding.jpg --hints wedding.json -o out.jpg    # colours corrected by hand, see docs/hints.md
    colorizer - -o - < a.jpg > b.jpg     # in a pipeline
    colorizer film.mp4 -o coloured/      # a film, with the extra "video", see docs/film.md
    colorizer serve --port 8000          # or cluster, train, evaluate, …: `colorizer --help`

Folders are searched recursively and keep their shape under OUT. A file comes out as the type it went in
(GIF and the like as PNG), with its EXIF, and never half written. Existing results are skipped, so an
interrupted run is started again with the same command. Exit status: 0, 1 if a photo failed, 2 if nothing
could be started, 130 or 143 if SIGINT or SIGTERM stopped it after the current photos.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

from colorizer import quiet_tensorflow
from colorizer.color_command import color
from colorizer.fast_import import gc_paused, hide_modules
from colorizer.terminal import complain, warn_in_one_line


@dataclass(frozen=True)
class Command:
    """A sub-command: the module whose `main(arguments)` runs it, and the extra that has its libraries."""

    module: str
    purpose: str
    extra: str | None = None
    unused: tuple[str, ...] = ()  # libraries that Keras and Gradio would load without need


# A module is imported when its command is called: `colorizer --help` loads none of them.
COMMANDS = {
    "serve": Command("colorizer.page.serve", "start the page", "page", ("matplotlib",)),
    "cluster": Command("colorizer.cluster.command", "colour millions of photos on many machines", "cluster"),
    "train": Command("colorizer.training.cli", "train the network on photos of your own", "train"),
    "evaluate": Command(
        "colorizer.evaluation.evaluate", "measure how near the colours come to true ones", "eval"
    ),
    "publish": Command("colorizer.publishing.model_repo", "put weights on the Hugging Face Hub"),
    "deploy": Command("colorizer.publishing.space", "put the page on a Hugging Face Space"),
    "export": Command("colorizer.publishing.export", "write the network for another runtime", "export"),
    "card": Command("colorizer.publishing.model_card", "write the model card of weights"),
}
# The libraries that only an extra brings; without one, a sentence says which extra that is.
EXTRA_LIBRARIES = {
    "filelock", "fsspec", "gradio", "keras", "matplotlib", "onnx", "pyarrow", "ray", "skimage", "starlette",
    "tensorflow", "tf2onnx",
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """The command `colorizer`; returns its exit status."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    quiet_tensorflow.install()
    warn_in_one_line()
    name = arguments[0] if arguments else ""
    try:
        if name in COMMANDS:
            return run(name, arguments[1:])
        return color(arguments[1:] if name == "color" else arguments, other_commands())
    except KeyboardInterrupt:  # Ctrl-C before the first photo, or a second one
        return complain("stopped by SIGINT", 130)


def run(name: str, arguments: Sequence[str]) -> int:
    """Runs a sub-command; 2 if a library is missing that it needs."""
    command = COMMANDS[name]
    try:
        with gc_paused(), hide_modules(*command.unused):
            module = import_module(command.module)
        return int(module.main(arguments))
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in EXTRA_LIBRARIES:
            raise
        return complain(
            f'`colorizer {name}` needs the extra "{command.extra}", and {library} is not installed: '
            f'in the repository, pip install ".[{command.extra}]"',
            2,
        )


def other_commands() -> str:
    """The end of the help: what else there is."""
    width = max(map(len, COMMANDS))
    others = "\n".join(f"  colorizer {name:{width}}  {command.purpose}" for name, command in COMMANDS.items())
    return (
        f"other commands, each with --help:\n{others}\n\n"
        "A folder of such a name is coloured by `colorizer color NAME -o OUT`."
    )
