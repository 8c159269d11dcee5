"""A visitor's film in a process of its own: colours, limits, fairness, and processes that misbehave."""

import sys
import time
from pathlib import Path

import numpy as np
import pytest

from colorizer.errors import FilmError
from colorizer.page import film_process
from colorizer.page.film_process import FilmLimits, FilmProcess
from colorizer.page.security.fair_queue import FairTurns
from tests.helpers.films import packets, pan, read_frames, write_film


@pytest.fixture
def film(tmp_path) -> Path:
    return write_film(tmp_path / "wedding.mp4", pan(14), sound=True)


def run(process: FilmProcess, colorizer) -> list[tuple[int, int | None]]:
    return [(step.done, step.total) for step in process.run(colorizer, FairTurns(), "ann")]


def ended(process: FilmProcess) -> bool:
    return process._process.poll() is not None


def test_a_film_is_coloured_with_the_network_of_the_page(film, tiny_colorizer):
    process = FilmProcess(film)
    try:
        steps = run(process, tiny_colorizer)
        assert steps[0] == (0, 14) and steps[-1] == (14, 14)
        assert process.result.name == "wedding-colour.mp4"
        planes = [
            np.frombuffer(memoryview(frame.planes[1]), np.uint8) for frame in read_frames(process.result)
        ]
        assert len(planes) == 14 and all((plane != 128).any() for plane in planes)
        assert packets(process.result, "audio") == packets(film, "audio")
    finally:
        process.close()
    assert ended(process) and not process.result.parent.exists()


def test_every_frame_is_one_turn_among_those_who_wait(film, tiny_colorizer):
    owners = []

    class Counted(FairTurns):
        def turn(self, owner):
            owners.append(owner)
            return super().turn(owner)

    process = FilmProcess(film)
    list(process.run(tiny_colorizer, Counted(), "ann"))
    process.close()
    assert owners == ["ann"] * 14


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (FilmLimits(seconds=0.2), "1 seconds long; here at most 0.2 are coloured"),
        (FilmLimits(pixels=1000), "frames of 96x64"),
        (FilmLimits(frames=5), "more than 5 frames"),
    ],
)
def test_a_film_beyond_the_limits_is_refused_with_a_sentence(film, tiny_colorizer, limits, words):
    process = FilmProcess(film, limits=limits)
    with pytest.raises(FilmError, match=words):
        run(process, tiny_colorizer)
    process.close()


@pytest.mark.parametrize("content", [b"Dear grandson", b"", b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n"])
def test_what_is_no_film_is_refused_with_a_sentence(tmp_path, tiny_colorizer, content):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    process = FilmProcess(path)
    with pytest.raises(FilmError, match=r"a\.mp4 is not a film that can be read"):
        run(process, tiny_colorizer)
    process.close()


def test_a_film_that_takes_too_long_is_ended(film, tiny_colorizer):
    class Slow:
        def predict(self, *arguments, **options):
            time.sleep(0.2)
            return tiny_colorizer.predict(*arguments, **options)

    process = FilmProcess(film, limits=FilmLimits(clock=2))
    with pytest.raises(FilmError, match="could not be coloured"):
        run(process, Slow())
    process.close()


def test_a_film_that_needs_too_much_memory_is_ended(film, tiny_colorizer):
    process = FilmProcess(film, limits=FilmLimits(memory=300_000_000))
    with pytest.raises(FilmError):
        run(process, tiny_colorizer)
    process.close()


def test_a_cancelled_film_ends_at_once_and_leaves_nothing(film, tiny_colorizer):
    process = FilmProcess(film)
    steps = process.run(tiny_colorizer, FairTurns(), "ann")
    next(steps)
    process.cancel()
    assert list(steps) == [] or process.cancelled
    process.close()
    assert ended(process) and not process.result.parent.exists()


@pytest.mark.parametrize(
    "says",
    [
        '{"ask": [100000, 100000]}',
        '{"ask": [-1, 5]}',
        '{"ask": ["a", 5]}',
        '{"ask": [20, 20]}',
        '{"done": "all"}',
        "[1, 2]",
        "no json",
        "x" * 50_000,
        "\xff\xfe",
    ],
)
def test_a_process_that_says_something_else_is_not_believed(film, tiny_colorizer, monkeypatch, says):
    code = f"import sys; sys.stdout.buffer.write({says.encode('latin1')!r} + b'\\n')"
    start = film_process.subprocess.Popen
    monkeypatch.setattr(
        film_process.subprocess, "Popen", lambda _, **options: start([sys.executable, "-c", code], **options)
    )
    process = FilmProcess(film)
    with pytest.raises(FilmError, match="could not be coloured"):
        run(process, tiny_colorizer)
    process.close()


def test_the_process_knows_no_secrets(film, tiny_colorizer, monkeypatch):
    monkeypatch.setenv("COLORIZER_AUTH", "ada:secret")
    monkeypatch.setenv("HF_TOKEN", "hf_abc")
    process = FilmProcess(film)
    environment = Path(f"/proc/{process._process.pid}/environ")
    if environment.exists():
        names = environment.read_bytes()
        assert b"COLORIZER_AUTH" not in names and b"HF_TOKEN" not in names
    process.close()
