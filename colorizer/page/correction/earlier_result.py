"""A photo that was coloured here before: its file holds the corrections, and the work goes on from them.

session = taken_up(session, Path("wedding-colour.jpg"))     # any other photo's session is as before
"""

from dataclasses import replace
from pathlib import Path

from colorizer.errors import HintError
from colorizer.hints.hint import parse_hints
from colorizer.image.provenance import hints_of
from colorizer.page.correction.editor import corrected
from colorizer.page.session import Session

COLORED_BEFORE = "This file was coloured here before."


def taken_up(session: Session, path: Path) -> Session:
    """The session of a new photo with the corrections that its file holds, and with a remark about them.

    Args:
        session: of the photo, without corrections.
        path: the photo's file.
    """
    text = hints_of(path)
    if text is None:
        return session
    remark = COLORED_BEFORE
    if text:
        try:
            session = corrected(session, parse_hints(text))
            count = len(session.prediction.hints)
            remark += f" Its {count} correction{'s are' if count > 1 else ' is'} taken up."
        except HintError as error:  # another program has changed them
            remark += f" Its corrections cannot be read: {error}"
    return replace(session, remark=remark)
