"""A disk without room."""

import errno
import os


def full_disk(*_, **__):
    """What any writing function does on a full disk."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/home/ada/photos")
