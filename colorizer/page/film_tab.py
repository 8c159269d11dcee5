"""A film: drop a short one, watch how far it is, see it in colour and download it.

    if film_process.available():
        with gr.Tab("Film"):
            FilmTab(colorizer, store, turns)

The tab exists only where the extra "video" is installed. What a film may use is in `film_process.FilmLimits`.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

import gradio as gr

from colorizer.colorizer import Colorizer
from colorizer.film_types import FILM_SUFFIXES
from colorizer.page.error_messages import errors_as_messages
from colorizer.page.film_process import FilmLimits, FilmProcess
from colorizer.page.job_controls import PRIVATE, JobControls
from colorizer.page.security.addresses import requested_by
from colorizer.page.security.fair_queue import FairTurns
from colorizer.page.session import checked_strength, notes_html
from colorizer.page.session_store import SessionStore
from colorizer.page.settings import LIMITS, SETTINGS

FILM_LIMITS = FilmLimits()
INTRODUCTION = f"""A black-and-white film of up to {FILM_LIMITS.seconds:g} seconds, at most full HD and
{LIMITS.megabytes:g} MB. It comes back in steady colours, with its own sound. Longer films: the command
`colorizer film.mp4 -o coloured/`."""
EMPTY = "Here you see the film in colour."
NO_FILM = "Choose a film first."
ONE_AT_A_TIME = "Your other film is not finished yet. One at a time, please."
# Each needs a process with some hundred megabytes; more would not be faster.
FILMS = {"concurrency_limit": 2, "concurrency_id": "film", "show_progress": "hidden", **PRIVATE}

PLAYER = f"""
<div class="empty">{EMPTY}</div>
<video hidden controls muted loop playsinline aria-label="The film in colour"></video>
"""
PLAYER_STYLE = """
& { min-height: 200px; display: grid; place-items: center; border-radius: 12px; overflow: hidden;
    background: var(--background-fill-secondary); border: 1px solid var(--border-color-primary); }
.empty { color: var(--body-text-color-subdued); padding: 1em; text-align: center; }
.empty[hidden], video[hidden] { display: none; }
video { max-width: 100%; max-height: 460px; }
"""
PLAYER_SCRIPT = """
function fill() {
  const video = element.querySelector('video'), empty = element.querySelector('.empty');
  if (!video) return;
  const film = props.value;
  video.hidden = !film;
  empty.hidden = !!film;
  if (film) { video.src = film.film.url; } else { video.removeAttribute('src'); video.load(); }
}
watch('value', fill);
fill();
"""


class FilmTab:
    """The tab's components and what they do; create it where the tab belongs in the page."""

    def __init__(self, colorizer: Colorizer, store: SessionStore, turns: FairTurns):
        self.colorizer, self.store, self.turns = colorizer, store, turns
        self._busy: set[str] = set()
        self._lock = Lock()
        self.key = gr.State(None, time_to_live=SETTINGS.keep_seconds, delete_callback=store.delete)
        gr.Markdown(INTRODUCTION)
        with gr.Row(elem_classes="workspace"):
            with gr.Column(scale=2, min_width=280):
                self._add_inputs()
            with gr.Column(scale=3, min_width=280):
                self.player = gr.HTML(
                    None, html_template=PLAYER, css_template=PLAYER_STYLE, js_on_load=PLAYER_SCRIPT,
                    apply_default_css=False, padding=False, elem_id="film-player",
                )  # fmt: skip
        self._connect()

    def __deepcopy__(self, memo: dict) -> "FilmTab":
        """Itself: Gradio copies its configuration, and what that refers to, for each visitor."""
        return self

    def _add_inputs(self) -> None:
        self.file = gr.File(
            file_types=sorted(FILM_SUFFIXES), label="Your film", height=160, elem_id="film-file"
        )
        self.controls = JobControls("Colour the film", "film-start", "film-stop")
        self.progress = gr.HTML(elem_id="film-progress", min_height=70)
        self.download = gr.DownloadButton("Download the film", interactive=False, elem_id="film-download")

    def _connect(self) -> None:
        inputs = [self.file, self.controls.strength, self.key]
        shown = [self.key, self.progress, self.player, self.download]
        self.controls.connect(self.color_film, inputs, shown, self.stop, self.key, **FILMS)

    # --- handlers --------------------------------------------------------------------------------------

    def color_film(
        self, path: str | None, strength: float, key: str | None, request: gr.Request
    ) -> Iterator[dict]:
        """Colours a film; shows how far it is, then the film."""
        if not path:
            raise gr.Error(NO_FILM, print_exception=False)
        strength, owner = checked_strength(strength), requested_by(request)
        with self._lock:
            if owner in self._busy:
                raise gr.Error(ONE_AT_A_TIME, print_exception=False)
            self._busy.add(owner)
        film = None
        try:
            with errors_as_messages():
                self.store.delete(key)  # the visitor's film before this one
                film = FilmProcess(Path(path), strength)
                yield from self._run(film, owner)
        finally:
            with self._lock:
                self._busy.discard(owner)
            if film is not None:
                film.close()

    def _run(self, film: FilmProcess, owner: str) -> Iterator[dict]:
        yield {
            self.key: self.store.put(owner, film, close=film.cancel),
            self.progress: report(0, None, 0.0),
            self.player: None,
            **self.controls.buttons(running=True),
            self.download: gr.update(value=None, interactive=False),
        }
        for step in film.run(self.colorizer, self.turns, owner):
            yield {self.progress: report(step.done, step.total, time.monotonic() - film.started)}
        if film.cancelled:
            yield {self.progress: "<p role='status'>Cancelled.</p>", **self.controls.buttons(running=False)}
            return
        # On the command line, they follow the film's name.
        notes = notes_html(*(note[:1].upper() + note[1:] for note in film.notes))
        yield {
            self.progress: f"<div role='status'><p>The film is in colour.</p>{notes}</div>",
            self.player: {"film": gr.FileData(path=str(film.result)).model_dump()},
            **self.controls.buttons(running=False),
            self.download: gr.update(value=str(film.result), interactive=True),
        }

    def stop(self, key: str | None) -> dict:
        """Ends the film that is being coloured."""
        film = self.store.get(key)
        if film is not None:
            film.cancel()
        return {self.controls.cancel: gr.update(interactive=False)}


def report(done: int, total: int | None, seconds: float) -> str:
    """The progress as HTML: a bar, the number of frames, and the time left."""
    if not done:
        return (
            '<div role="status"><progress aria-label="Frames done"></progress><p>Reading the film …</p></div>'
        )
    if total is None:
        return f'<div role="status"><p>{done} frames</p></div>'
    left = max(0.0, seconds / done * (total - done))
    words = f"{done} of {total} frames, about {left:.0f} s left"
    bar = f'<progress max="{total}" value="{min(done, total)}" aria-label="Frames done"></progress>'
    return f'<div role="status">{bar}<p>{words}</p></div>'
