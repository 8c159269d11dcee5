"""One photo on a worker: from its entry in the manifest to a row in the report.

    photos = PhotoTask(settings, colorizer)
    row = photos.color("sea/a.jpg")          # never raises: what goes wrong is the row's reason

The worker reads the file itself and writes the result itself; only names and rows travel between machines.
What is there and newer than its photo is skipped, so any photo may be given to two workers, or twice.
"""

import hashlib
import io
import time
from dataclasses import dataclass
from pathlib import Path

from colorizer.batch import FATAL
from colorizer.cluster.manifest import relative
from colorizer.cluster.names import result_name
from colorizer.cluster.report import COLOURED, FAILED, SKIPPED, Row
from colorizer.cluster.storage import Stat, Storage
from colorizer.colorizer import Colorizer
from colorizer.errors import PhotoError
from colorizer.image.decoders import open_image
from colorizer.image.file_types import format_of
from colorizer.image.metadata_writer import XMP_FORMATS
from colorizer.image.negative import invert
from colorizer.image.provenance import SOURCE_TYPE
from colorizer.image.reader import read_photo
from colorizer.limits import SIZE

REPEATED = "an earlier attempt of this run wrote it, and its report was lost"


@dataclass(frozen=True)
class PhotoSettings:
    """What is the same for every photo of a run; it travels to the workers.

    Attributes:
        root: the folder that the paths of the photos are relative to; a path or a URL.
        out: the folder of the results.
        fold: as in `names.result_name`.
        size: as in `Colorizer.colorize`.
        strength: as in `Colorizer.colorize`.
        negative: whether the photos are negatives and are inverted.
        overwrite: whether photos are coloured again whose result is there and newer.
        started: when the run began, by the clock of OUT; None if that does not say.
    """

    root: str
    out: str
    fold: bool = False
    size: int = SIZE
    strength: float = 1.0
    negative: bool = False
    overwrite: bool = False
    started: float | None = None


class PhotoTask:
    """Colours the photos of a run, one at a time.

    Attributes:
        repeats: whether an earlier worker may have coloured some of these photos in this run, before it died
            with its rows.
    """

    def __init__(self, settings: PhotoSettings, colorizer: Colorizer, repeats: bool = False):
        self.settings, self.colorizer, self.repeats = settings, colorizer, repeats
        self._root, self._out = Storage(settings.root), Storage(settings.out)

    def color(self, entry: str) -> Row:
        """Colours one photo.

        Args:
            entry: a path below the root, or what else `manifest.relative` understands.
        """
        start = time.monotonic()
        name = output = ""
        try:
            name = relative(entry, self._root)
            output = result_name(name, self.settings.fold)
            return self._color(name, output, start)
        # The row is where failures are reported. Decoders and the libraries of object stores raise any
        # exception, and one photo must not cost the other ten million.
        except Exception as error:  # noqa: BLE001
            known = isinstance(error, PhotoError | ValueError | OSError)
            text = str(error) or type(error).__name__
            return Row(
                path=name or entry,
                status=FAILED,
                output=output,
                reason=text if known else f"{type(error).__name__}: {text}",
                seconds=time.monotonic() - start,
                fatal=isinstance(error, OSError) and error.errno in FATAL,
            )

    def _color(self, name: str, output: str, start: float) -> Row:
        source = self._root.stat(name)
        if source is None:
            raise FileNotFoundError("there is no such file")
        target = self._out.stat(output)
        if target is not None:
            if self._root.same_file(name, self._out, output):
                raise FileExistsError("it would overwrite itself: choose another OUT")
            if not self.settings.overwrite:
                if _is_newer(target, source):
                    return self._row_of_existing(name, output, target)
                self._check_is_result(output)
        if source.size == 0:
            raise PhotoError("it is an empty file")
        limits = self.colorizer.limits
        limits.check_file(name, source.size)
        data = self._root.read(name)
        photo = read_photo(io.BytesIO(data), limits, path=self._root.local_path(name))
        photo = invert(photo) if self.settings.negative else photo
        # The name of the result is known before the file is opened, so its type follows the name as well.
        result = io.BytesIO()
        prediction = self.colorizer.predict(photo, self.settings.size)
        notes = photo.notes + prediction.save(result, self.settings.strength, format_of(Path(output)))
        written = result.getvalue()
        self._out.write(output, written)
        width, height = photo.size
        seconds = time.monotonic() - start
        return Row(
            name, COLOURED, output, "; ".join(notes), width, height, seconds, _sha256(data), _sha256(written)
        )

    def _row_of_existing(self, name: str, output: str, target: Stat) -> Row:
        """The row of a photo whose result is there: from before this run, or from a worker that died."""
        started = self.settings.started
        if not (self.repeats and started and target.modified and target.modified >= started):
            return Row(name, SKIPPED, output, "its result is there and newer")
        result = self._out.read(output)
        with open_image(io.BytesIO(result)) as image:
            width, height = image.size
        data = self._root.read(name)
        return Row(name, COLOURED, output, REPEATED, width, height, None, _sha256(data), _sha256(result))

    def _check_is_result(self, output: str) -> None:
        """Raises FileExistsError if what would be replaced is somebody's photo, and not an older result."""
        if format_of(Path(output)) not in XMP_FORMATS:
            return
        # What cannot be opened is not a result either; the error of the decoder says what it is.
        with open_image(io.BytesIO(self._out.read(output))) as image:
            packet = image.info.get("xmp", b"")
        if SOURCE_TYPE.encode() not in (packet if isinstance(packet, bytes) else packet.encode()):
            raise FileExistsError(
                f"{output} exists in OUT and is not a result: choose another OUT, or --overwrite"
            )


def _is_newer(target: Stat, source: Stat) -> bool:
    """Whether a result is at least as new as its photo; where a storage does not say, a result counts."""
    return target.modified is None or source.modified is None or target.modified >= source.modified


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
