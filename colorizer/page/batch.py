"""One visitor's photos of the batch tab: coloured one after the other into an archive, with previews.

    batch = Batch()
    with batch.open_archive() as archive:
        batch.add(colorizer, path, 1.0, archive)
    batch.close()

A photo that fails is noted with its reason and does not stop the others.
"""

import html
import time
import zipfile
from pathlib import Path
from threading import Event

from colorizer.atomic_write import FULL
from colorizer.colorizer import Colorizer
from colorizer.page.compare_slider import pair_of
from colorizer.page.error_messages import UNEXPECTED, log_error, message_for
from colorizer.page.session import Session, notes_html
from colorizer.page.temp_files import scratch_dir

PREVIEW_SIDE = 800  # pixels: fifty of them must not strain a phone
ARCHIVE = "photos-colour.zip"
GONE = "was deleted before its turn came: photos are kept for an hour. Please choose it again."


class Batch:
    """Previews, archive and report of a batch, in a folder that is deleted with it."""

    def __init__(self):
        self.folder = scratch_dir()
        self.cancelled = Event()
        self.done: list[tuple[dict, str]] = []  # before and after, and the file's name
        self.sources: list[str] = []  # the uploaded files of those that are done
        self.failures: list[str] = []
        self.notes: list[str] = []  # remarks about photos that did not fail
        self.started = time.monotonic()

    def path(self, *parts: str) -> Path:
        """A path inside the batch's folder."""
        return Path(self.folder.name, *parts)

    def close(self) -> None:
        """Stops the work and deletes the folder."""
        self.cancelled.set()
        self.folder.cleanup()

    def open_archive(self) -> zipfile.ZipFile:
        """The ZIP file to add photos to."""
        # Photos are compressed already; stored, the archive is written as fast as the disk can write.
        return zipfile.ZipFile(self.path(ARCHIVE), "w", zipfile.ZIP_STORED)

    def add(self, colorizer: Colorizer, path: str, strength: float, archive: zipfile.ZipFile) -> None:
        """Colours one photo into the archive; a photo that fails is noted with its reason.

        Raises:
            OSError: the disk is full, so that no other photo could be written either.
        """
        try:
            session = Session.of(colorizer.predict(path), PREVIEW_SIDE)
            name = self._free_name(f"{session.stem}-colour{session.prediction.suffix}", archive)
            file = self.path(name)
            notes = session.prediction.photo.notes + session.prediction.save(file, strength)
            archive.write(file, name)
            file.unlink()
            place = self.path(str(len(self.done)))
            place.mkdir()
            self.done.append((pair_of(session, strength, place), name))
            self.sources.append(path)
            self.notes += notes
        except Exception as error:
            if isinstance(error, OSError) and error.errno in FULL:
                raise
            self.failures.append(self._reason(Path(path).name, error))

    def _reason(self, name: str, error: Exception) -> str:
        if isinstance(error, FileNotFoundError):
            return f"{name} {GONE}"
        message = message_for(error)
        if message == UNEXPECTED:
            log_error(error)
            return f"{name} could not be coloured."
        return message if name in message else f"{name}: {message}"

    def _free_name(self, name: str, archive: zipfile.ZipFile) -> str:
        taken, path, number = {known.lower() for known in archive.namelist()}, Path(name), 2
        while name.lower() in taken:
            name, number = f"{path.stem}-{number}{path.suffix}", number + 1
        return name

    def gallery(self) -> list[tuple[str, str]]:
        """What the gallery shows: paths of coloured previews with their names."""
        return [(pair["color"]["path"], name) for pair, name in self.done]

    def report(self, total: int, over: bool = False) -> str:
        """The progress as HTML: a bar, counts, time left, and the photos that failed."""
        count = len(self.done) + len(self.failures)
        left = (time.monotonic() - self.started) / max(1, count) * (total - count)
        if over:
            words = f"{len(self.done)} of {total} photos coloured"
            words += ", then cancelled." if count < total else "."
        elif count:
            words = f"{count} of {total} photos, about {_duration(left)} left"
        else:
            words = f"0 of {total} photos"
        rows = "".join(f"<li>{html.escape(why)}</li>" for why in self.failures)
        failed = f"<p>{len(self.failures)} could not be coloured:</p><ul>{rows}</ul>" if rows else ""
        failed += notes_html(*self.notes)
        bar = f'<progress max="{total}" value="{count}" aria-label="Photos done"></progress>'
        return f'<div role="status">{bar}<p>{words}</p>{failed}</div>'


def _duration(seconds: float) -> str:
    return f"{round(seconds)} s" if seconds < 90 else f"{round(seconds / 60)} min"
