"""The errors of this package. Every message names the thing that failed and what was received.

    try:
        Colorizer.from_pretrained("owner/name").colorize("old.jpg")
    except (PhotoError, WeightsError) as error:
        print(error)

This module imports nothing, so that a program can catch an error without loading what raises it.
"""


class PhotoError(ValueError):
    """A file is not a photo, cannot be read or written, or exceeds a limit; the text says why."""


class FilmError(PhotoError):
    """A file is not a film, or cannot be read or written; the text says why."""


class HintError(ValueError):
    """A correction is malformed, out of range, or too large; the text says what was received."""


class WeightsError(ValueError):
    """The weights are missing, damaged, or another network's."""


class CardError(ValueError):
    """The records beside the weights are not enough for a model card."""


class PublishError(RuntimeError):
    """The Hub refuses the upload or does not answer."""


class ExportError(RuntimeError):
    """The network cannot be written in this format."""


class UnknownKeras(RuntimeError):
    """Training relies on private parts of Keras, and this version of it was not read for that."""
