"""Text for the terminal: names of files can contain anything, also commands to the terminal.

    say(f"failed: {path}")        # one line on standard error
    warn_in_one_line()            # from now on, warnings as well

Control characters are written as Python writes them, so a name cannot move the cursor or change colours.
"""

import sys
import warnings
from typing import Any


def printable(text: object) -> str:
    """The text in one line, with control characters and undecodable bytes escaped as Python writes them."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in str(text)
    )


def say(text: object) -> None:
    """Prints a line on standard error, if that is open."""
    if sys.stderr is not None:  # print would take standard output instead, which may hold a picture
        print(printable(text), file=sys.stderr)


def complain(text: str, status: int) -> int:
    """Prints why the command ends; returns its exit status."""
    say(f"colorizer: {text}")
    return status


def warn_in_one_line() -> None:
    """Shows warnings as notes, without the line of code that Python adds to them.

    Pillow's are left out: they are about numbers of tags, and `read_photo` notes what a photo loses.
    """

    def show(message: Warning | str, *_arguments: Any, **_options: Any) -> None:
        say(f"note: {message}")

    warnings.filterwarnings("ignore", module=r"PIL\.")
    warnings.showwarning = show
