"""Which photos the command colours, and the name of every result, decided before the first one is written.

    plan = plan_files([Path("scans")], Path("coloured"))
    plan = plan_files([Path("wedding.jpg")], None)      # beside the photo: wedding-colour.jpg
    for job in plan.jobs: ...                           # job.source, job.target

No two results get one name. `a.gif` and `a.png` would both become `a.png`, so the first becomes `a.gif.png`.
`A.jpg` and `a.jpg` are one name on many disks, and so are two ways to write "é" in Unicode: the second one
gets a number. The names depend on the photos alone, so the same command continues an interrupted run, and
several machines that take a shard of the photos each (`shard.py`) agree on them.
"""

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from colorizer.errors import PhotoError
from colorizer.film_types import CONTAINERS, FILM_SUFFIXES, film_output_suffix, is_film
from colorizer.image import pdf
from colorizer.image.file_types import SUFFIXES, output_suffix
from colorizer.image.metadata_writer import XMP_FORMATS
from colorizer.image.provenance import is_result
from colorizer.image.reader import count_pages
from colorizer.shard import Shard

# A folder is searched for these; a file named on the command line is tried whatever its suffix.
PHOTO_SUFFIXES = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".webp", ".avif", ".bmp", ".gif", ".pgm",
    ".ppm", ".jp2", ".tga", ".mpo", ".heic", ".heif", ".hif",
}  # fmt: skip
# Types whose results cannot say that they are results.
SILENT_SUFFIXES = {suffix for suffix, kind in SUFFIXES.items() if kind not in XMP_FORMATS}
MAX_PAGES = 10_000  # of a document
BESIDE = "-colour"  # what is added to the name of a photo whose result lies beside it
# How the stem of such a result ends: it may have the number of a page, and one that keeps two names apart.
BESIDE_STEM = re.compile(rf"{BESIDE}(-p[0-9]+)?(-[0-9]+)?$")


@dataclass(frozen=True)
class Job:
    """One photo or film to colour.

    Attributes:
        source: the photo, or the film.
        target: the path of its result.
        exact: whether `target` is as the user wrote it; else its suffix follows the photo's type.
        page: of a document, from 0 on; None for the only one or the first.
        name: the photo's path in the input that it was found in, with the page if it is one of several, for
            files that belong to it; the name of its file if not given.
        spare: what `target_of_type` begins with if its usual beginning belongs to another result.
    """

    source: Path
    target: Path
    exact: bool = False
    page: int | None = None
    name: Path = Path()
    spare: str = ""

    def __post_init__(self) -> None:
        if not self.name.name:
            object.__setattr__(self, "name", Path(self.source.name))

    @property
    def is_film(self) -> bool:
        """Whether it is a film, by its name or its first bytes."""
        return is_film(self.source)

    def target_of_type(self, suffix: str) -> Path:
        """The path of the result if the photo's type is not what its suffix says: with its whole name."""
        added = self.target.stem[len(self.source.stem) :]  # BESIDE, a page, a number, or nothing
        return self.target.with_name(f"{self.spare or self.source.name + added}{suffix}")

    @property
    def beside(self) -> Path:
        """The last part of `name`, in the photo's own folder."""
        return self.source.with_name(self.name.name)


@dataclass(frozen=True)
class Plan:
    """All photos to colour; sentences about names that had to be changed, and folders that are closed."""

    jobs: tuple[Job, ...]
    notes: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


def resolved(path: Path) -> Path:
    """Like `Path.resolve`, which raises RuntimeError for a link that leads to itself."""
    return Path(os.path.realpath(path))


def plan_files(
    inputs: Iterable[Path],
    output: Path | None,
    all_pages: bool = False,
    shard: Shard | None = None,
    codec: str | None = None,
) -> Plan:
    """Finds the photos and films, and decides the names of their results.

    Args:
        inputs: photos, films, and folders that are searched recursively.
        output: a folder, in which folders keep their shape; for a single photo also a file name; None for
            results beside their photos.
        all_pages: whether every page of a TIFF or PDF document is coloured, or the first alone.
        shard: the share of the photos to colour; all if None. The names are those of the whole plan.
        codec: of films, see `film_types.py`; None for the usual one.

    Raises:
        PhotoError: an input is neither a file nor a folder, or is a folder inside the output folder, or a
            document has too many pages.
    """
    inputs = list(inputs)
    resolve = cache(resolved)  # it asks the disk about every folder above a file
    for path in inputs:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise PhotoError(f"{path} is a device or a pipe, not a photo.")
    if output is not None:
        single = len(inputs) == 1 and inputs[0].is_file() and not output.is_dir()
        suffix = output.suffix.lower()
        if single and (suffix in PHOTO_SUFFIXES or (suffix in CONTAINERS and is_film(inputs[0]))):
            return _distinct(_pages(Job(inputs[0], output, exact=True), all_pages), resolve)
        _check_output(inputs, output)
    jobs, seen = [], set()
    others: set[Path] = set()
    failures: list[str] = []

    def closed(error: OSError) -> None:
        failures.append(f"{error.filename} cannot be searched for photos: {error.strerror}")

    for source, relative in find_photos(inputs, output, resolve, closed):
        identity = resolve(source)
        if identity not in seen:
            seen.add(identity)
            if shard is not None and not shard.holds(relative):
                others.add(source)
            suffix = film_output_suffix(source, codec) if is_film(source) else output_suffix(source)
            name = relative.with_suffix(suffix)
            beside = source.with_name(f"{source.stem}{BESIDE}{name.suffix}")
            target = beside if output is None else output / name
            jobs += _pages(Job(source, target, name=relative), all_pages)
    plan = _distinct(jobs, resolve)
    kept = tuple(job for job in plan.jobs if job.source not in others)
    return replace(plan, jobs=kept, failures=tuple(failures))


def find_photos(
    inputs: Iterable[Path],
    output: Path | None = None,
    resolve: Callable[[Path], Path] = resolved,
    closed: Callable[[OSError], None] | None = None,
) -> Iterator[tuple[Path, Path]]:
    """Yields every photo and film with its path relative to the input that it was found in.

    Results are not photos: neither files in `output` nor what `BESIDE` named, which says in its metadata
    that it is a result. A film, or a photo of a type without such metadata, is a result if what it is named
    after lies beside it. `closed` is told why a folder cannot be searched.
    """
    inside = resolved(output) if output is not None else None
    for source in inputs:
        if source.is_file():
            yield source, Path(source.name)
            continue
        found = (Path(folder, name) for folder, _, names in os.walk(source, onerror=closed) for name in names)
        for file in sorted(found):
            suffix = file.suffix.lower()
            if (
                suffix not in PHOTO_SUFFIXES | FILM_SUFFIXES
                or file.name.startswith(".")
                or not _may_be_file(file)
            ):
                continue
            if inside is not None and resolve(file).is_relative_to(inside):
                continue
            if BESIDE_STEM.search(file.stem) and _is_result(file):
                continue
            yield file, file.relative_to(source)


def _may_be_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # who reads it says why that cannot be
        return True


def _is_result(file: Path) -> bool:
    """Whether a file that is named like a result beside its photo is one."""
    suffix = file.suffix.lower()
    others = FILM_SUFFIXES if suffix in FILM_SUFFIXES else SILENT_SUFFIXES
    if suffix not in others:
        return is_result(file)
    stem = BESIDE_STEM.sub("", file.stem)  # "wedding", or "wedding.jpg" if the photo's suffix was wrong
    endings = ("", *others, *map(str.upper, others))
    return any(file.with_name(stem + ending).is_file() for ending in endings)


def _pages(job: Job, all_pages: bool) -> list[Job]:
    """A job for every page, `scan-p01.tif` and so on; the job as it is for a file of one page."""
    suffix = job.source.suffix.lower()
    if not all_pages or suffix not in (".tif", ".tiff", ".pdf"):
        return [job]
    try:
        count = pdf.count_pages(job.source) if suffix == ".pdf" else count_pages(job.source)
    except PhotoError:  # whoever reads the document says what is wrong; the other photos are coloured
        return [job]
    if count > MAX_PAGES:
        raise PhotoError(f"{job.source.name} has {count} pages; at most {MAX_PAGES} are accepted.")
    if count == 1:
        return [job]
    digits = max(2, len(str(count)))

    def numbered(path: Path, page: int) -> Path:
        return path.with_stem(f"{path.stem}-p{page + 1:0{digits}}")

    return [
        replace(job, page=page, target=numbered(job.target, page), name=numbered(job.name, page))
        for page in range(count)
    ]


def _check_output(inputs: list[Path], output: Path) -> None:
    """Refuses an output folder that holds the input folders: results and photos would mix."""
    inside = resolved(output)
    for source in inputs:
        if source.is_dir() and resolved(source).is_relative_to(inside):
            same = resolved(source) == inside
            what = "is the folder of the photos itself" if same else f"contains {source}"
            raise PhotoError(
                f"{output} {what}, so results and photos would mix. Choose another folder, or use "
                f"--beside, which writes wedding{BESIDE}.jpg beside wedding.jpg."
            )


def _distinct(jobs: list[Job], resolve: Callable[[Path], Path]) -> Plan:
    """The jobs with a different name for every result, and none with the name of a photo."""
    key = _Key()
    count = Counter(key(job.target) for job in jobs)
    renamed = []
    for job in jobs:
        if count[key(job.target)] > 1 and job.target.suffix.lower() != job.source.suffix.lower():
            added = job.target.stem[len(job.source.stem) :]  # BESIDE, or nothing
            job = replace(job, target=job.target.with_name(f"{job.source.name}{added}{job.target.suffix}"))
        renamed.append(job)
    photos = {key(resolve(job.source)): job.source for job in jobs}
    planned = {key(job.target) for job in renamed}
    owners: dict[str, Path] = {}
    result, notes = [], []
    for job in renamed:
        target, number = job.target, 1
        own = key(resolve(job.source))  # colouring refuses a photo that would overwrite itself

        while (name := key(target)) in owners or (
            (name in photos and name != own) or (name in planned and number > 1)
        ):
            number += 1
            target = job.target.with_stem(f"{job.target.stem}-{number}")
        if number > 1:
            other = owners.get(key(job.target)) or photos[key(job.target)]
            notes.append(f"{job.source} is written to {target}, because {other} has the same name")
        owners[key(target)] = job.source
        result.append(replace(job, target=target))
    return Plan(tuple(_with_spares(result, list(owners), key)), tuple(notes))


def _with_spares(jobs: list[Job], keys: list[str], key: Callable[[Path], str]) -> Iterator[Job]:
    """The jobs, so that no result takes the name of another one when its photo's type proves different."""
    own_stems = [text.rpartition(".")[0] for text in keys]
    taken = Counter(own_stems)
    for job, own in zip(jobs, own_stems, strict=True):
        usual = stem = job.target_of_type("")
        number = 1
        while taken[name := key(stem)] > (name == own):
            number += 1
            stem = usual.with_name(f"{usual.name}-{number}")
        if number > 1:
            taken[name] += 1
            job = replace(job, spare=stem.name)
        yield job


class _Key:
    """Turns a path into a text that is equal for two paths that some file system cannot tell apart."""

    def __init__(self) -> None:
        self._folders: dict[Path, Path] = {}

    def __call__(self, path: Path) -> str:
        folder = self._folders.get(path.parent)
        if folder is None:
            folder = self._folders[path.parent] = resolved(path.parent)
        text = unicodedata.normalize("NFC", str(folder / path.name))
        return unicodedata.normalize("NFC", text.casefold())
