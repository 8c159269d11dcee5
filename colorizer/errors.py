"""What can go wrong here, each with a class of its own; every message says which thing and what was received.

    try:
        Colorizer.from_pretrained("owner/name").colorize("old.jpg")
    except (PhotoError, WeightsError) as error:
        print(error)

They stand below everything else, so that a program can catch one without loading what raises it.
"""


class PhotoError(ValueError):
    """No photo, or one that cannot be read, written, or afforded; the text says which and why."""


class WeightsError(ValueError):
    """The weights are missing, damaged, or another network's."""


class CardError(ValueError):
    """What lies beside the weights does not make a model card."""


class PublishError(RuntimeError):
    """The Hub does not take it, or cannot be reached."""


class ExportError(RuntimeError):
    """The network cannot be written in this format."""
