"""Many photos: drop a shoebox of them, watch the colours come, take home one ZIP."""

import html
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import gradio as gr

from colorizer.colorizer import Colorizer
from colorizer.limits import MAX_STRENGTH
from colorizer.page.compare_slider import compare, pair_of
from colorizer.page.disk_full import telling_of_a_full_disk
from colorizer.page.security import LIMITS
from colorizer.page.session import KEEP_SECONDS, Work
from colorizer.page.temp_files import new_folder

MOST = LIMITS.files
PREVIEW_SIDE = 800  # pixels: fifty of them must not make a phone sweat
INTRODUCTION = f"""Up to {MOST:g} photos at once. Each comes back at its full resolution, all of them in one
ZIP file; what cannot be read is named and does not stop the rest."""
EXPIRED = "Photos are put away after an hour. Please drop them again."
EMPTY = "Choose a finished picture to see it before and after."


class Batch:
    """One visitor's photos: what has been made of them lies in a folder that goes when this goes."""

    def __init__(self):
        self.folder = new_folder()
        self.cancelled = Event()
        self.done: list[tuple[dict, str]] = []  # before and after, and the file's name
        self.failures: list[str] = []
        self.notes: list[str] = []  # what is to be said about photos that did not fail
        self.started = time.monotonic()

    def place(self, *parts: str) -> Path:
        """A path inside the batch's folder."""
        return Path(self.folder.name, *parts)

    def close(self) -> None:
        """Stops the work and deletes the folder."""
        self.cancelled.set()
        self.folder.cleanup()

    def add(self, colorizer: Colorizer, path: str, strength: float, archive: zipfile.ZipFile) -> None:
        """Colours one photo into the archive; a photo that fails is noted with its reason."""
        try:
            work = Work.of(colorizer.predict(path), PREVIEW_SIDE)
            name = self._free_name(f"{work.stem}-colour{work.prediction.suffix}", archive)
            file = self.place(name)
            work.prediction.save(file, strength)
            archive.write(file, name)
            file.unlink()
            place = self.place(str(len(self.done)))
            place.mkdir()
            self.done.append((pair_of(work, strength, place), name))
            self.notes += work.prediction.photo.notes
        except (ValueError, MemoryError) as error:  # PhotoError is a ValueError
            self.failures.append(str(error) or f"{Path(path).name} is too large for this machine's memory.")

    def _free_name(self, name: str, archive: zipfile.ZipFile) -> str:
        taken, path, number = set(archive.namelist()), Path(name), 2
        while name in taken:
            name, number = f"{path.stem}-{number}{path.suffix}", number + 1
        return name

    def gallery(self) -> list[tuple[str, str]]:
        """What the gallery shows: paths of coloured previews with their names."""
        return [(pair["color"]["path"], name) for pair, name in self.done]

    def report(self, total: int, over: bool = False) -> str:
        """How far it is, as HTML: a bar, counts, time left, and the photos that failed."""
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
        failed += "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        bar = f'<progress max="{total}" value="{count}" aria-label="Photos done"></progress>'
        return f'<div role="status">{bar}<p>{words}</p>{failed}</div>'


def _duration(seconds: float) -> str:
    return f"{round(seconds)} s" if seconds < 90 else f"{round(seconds / 60)} min"


def build(colorizer: Colorizer) -> None:
    """Adds the tab's components and what they do to the page being built."""

    def color_photos(paths: list[str] | None, strength: float) -> Iterator[tuple]:
        """Colours one photo after the other; shows each as it comes."""
        if not paths:
            raise gr.Error("Choose some photos first.", print_exception=False)
        if len(paths) > MOST:
            raise gr.Error(f"At most {MOST:g} photos at once. Received: {len(paths)}", print_exception=False)
        batch, total = Batch(), len(paths)
        on, off = gr.update(interactive=True), gr.update(interactive=False)
        yield batch, batch.report(total), [], None, off, on, gr.update(value=None, interactive=False)
        archive_path = batch.place("photos-colour.zip")
        # Photos are compressed already; stored, the archive is written as fast as the disk takes it.
        with telling_of_a_full_disk(), zipfile.ZipFile(archive_path, "w", zipfile.ZIP_STORED) as archive:
            for path in paths:
                if batch.cancelled.is_set():
                    break
                batch.add(colorizer, path, strength, archive)
                yield batch, batch.report(total), batch.gallery(), gr.skip(), off, on, gr.skip()
        finished = gr.update(value=str(archive_path), interactive=True) if batch.done else gr.skip()
        yield batch, batch.report(total, over=True), gr.skip(), gr.skip(), on, off, finished

    def cancel(batch: Batch | None) -> dict:
        if batch is not None:
            batch.cancelled.set()
        return gr.update(interactive=False)

    def choose(batch: Batch | None, event: gr.SelectData) -> dict:
        if batch is None or event.index >= len(batch.done):
            raise gr.Error(EXPIRED, print_exception=False)
        return batch.done[event.index][0]

    batch = gr.State(None, time_to_live=KEEP_SECONDS, delete_callback=lambda b: b and b.close())
    gr.Markdown(INTRODUCTION)
    with gr.Row(elem_classes="desk"):
        with gr.Column(scale=2, min_width=280):
            files = gr.File(file_count="multiple", label="Your photos", height=220, elem_id="files")
            strength = gr.Slider(
                0, MAX_STRENGTH, 1, step=0.05, label="Strength of the colours", buttons=[],
                info="0 is grey, 1 as predicted, 2 vivid",
            )  # fmt: skip
            with gr.Row():
                start = gr.Button("Colour them all", variant="primary", elem_id="start")
                stop = gr.Button("Cancel", interactive=False, elem_id="stop")
            progress = gr.HTML(elem_id="progress", min_height=70)
            archive = gr.DownloadButton("Download all as ZIP", interactive=False, elem_id="zip")
        with gr.Column(scale=3, min_width=280):
            gallery = gr.Gallery(
                label="In colour", columns=4, height=300, allow_preview=False, buttons=[], elem_id="gallery",
                object_fit="cover", interactive=False,
            )  # fmt: skip
            before_after = compare("batch-before-after", EMPTY)

    def idle() -> tuple[dict, dict]:
        return gr.update(interactive=True), gr.update(interactive=False)

    private = {"api_visibility": "private"}
    shown = [batch, progress, gallery, before_after, start, stop, archive]
    # A queue of its own: a shoebox must not keep those with a single photo waiting.
    work = {"concurrency_limit": 1, "concurrency_id": "batch", "show_progress": "hidden"}
    colored = start.click(color_photos, [files, strength], shown, **work, **private)
    colored.failure(idle, None, [start, stop], **private)
    stop.click(cancel, batch, stop, **private)
    gallery.select(choose, batch, before_after, show_progress="hidden", **private)
