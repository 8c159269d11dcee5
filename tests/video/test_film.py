"""A film from file to file: pictures, sound, times, and what happens when the work is interrupted."""

import errno
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import av
import numpy as np
import pytest

from colorizer.errors import FilmError
from colorizer.video import film as film_module
from colorizer.video.encoder import Quality, SegmentWriter
from colorizer.video.film import FilmColorizer, FilmOptions, FilmStopped
from colorizer.video.provenance import digest_of_film, source_of_film
from colorizer.video.source import luma_plane
from tests.helpers.films import EVEN, packets, pan, read_frames, write_film


@pytest.fixture
def films(tiny_colorizer) -> FilmColorizer:
    return FilmColorizer(tiny_colorizer, FilmOptions(size=32, quality=Quality("h264", 0)), workers=2)


def chroma(frame: av.VideoFrame) -> np.ndarray:
    plane = frame.planes[1]
    return np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, -1)[:, : plane.width]


def test_a_film_gets_colour_and_keeps_its_luma(films, tmp_path):
    source = write_film(tmp_path / "a.mp4", pan(14))
    report = films.color(source, tmp_path / "b.mp4")
    before, after = read_frames(source), read_frames(tmp_path / "b.mp4")
    assert (report.frames, report.shots, len(after)) == (14, 1, 14)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(luma_plane(one), luma_plane(other))
        assert (chroma(other) != 128).any()


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_sound_is_copied_byte_for_byte_and_no_time_changes(films, tmp_path, suffix):
    times = [0, EVEN, 3 * EVEN, 3 * EVEN + EVEN // 2, *range(5 * EVEN, 14 * EVEN, EVEN)]  # not evenly spaced
    source = write_film(tmp_path / f"a{suffix}", pan(13), times=times, sound=True)
    target = tmp_path / f"b{suffix}"
    films.color(source, target)
    assert packets(target, "audio") == packets(source, "audio")
    pictures = [(pts, duration) for pts, duration, _ in packets(source, "video")]
    assert [pts for pts, *_ in packets(target, "video")] == sorted(pts for pts, _ in pictures)
    with av.open(str(source)) as one, av.open(str(target)) as other:
        assert one.streams.video[0].time_base == other.streams.video[0].time_base
        assert one.streams.audio[0].language == other.streams.audio[0].language
        assert other.duration == pytest.approx(one.duration, abs=1000)


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_a_film_that_begins_between_two_milliseconds_keeps_its_times(films, tmp_path, suffix):
    times = [2150 + n * EVEN for n in range(5)]
    source = write_film(tmp_path / f"a{suffix}", pan(5), times=times, container={"movie_timescale": "12800"})
    films.color(source, tmp_path / f"b{suffix}")
    assert [pts for pts, *_ in packets(tmp_path / f"b{suffix}", "video")] == times


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_subtitles_are_copied(films, tmp_path, suffix):
    source = write_film(tmp_path / f"a{suffix}", pan(8), subtitles=True)
    films.color(source, tmp_path / f"b{suffix}")
    assert packets(tmp_path / f"b{suffix}", "subtitle") == packets(source, "subtitle")


def test_captions_stay_and_say_that_a_network_made_the_colours(films, tmp_path):
    source = write_film(tmp_path / "a.mp4", pan(4))
    films.color(source, tmp_path / "b.mp4")
    with av.open(str(tmp_path / "b.mp4")) as film:
        assert film.metadata["title"] == "Our wedding"
        assert film.metadata["comment"].startswith("from grandma | Colours by a neural network")
    assert source_of_film(tmp_path / "b.mp4") == digest_of_film(source)
    assert source_of_film(source) is None


def test_chapters_stay(films, tmp_path):
    source = tmp_path / "a.mkv"
    part = write_film(tmp_path / "part.mkv", pan(8))
    chapters = [
        {"id": 1, "start": 0, "end": 200, "time_base": Fraction(1, 1000), "metadata": {"title": "One"}}
    ]
    with av.open(str(part)) as film, av.open(str(source), "w") as output:
        stream = output.add_stream_from_template(film.streams.video[0])
        output.set_chapters(chapters)
        for packet in film.demux(video=0):
            if packet.size:
                packet.stream = stream
                output.mux(packet)
    films.color(source, tmp_path / "b.mkv")
    with av.open(str(tmp_path / "b.mkv")) as film:
        assert [chapter["metadata"]["title"] for chapter in film.chapters()] == ["One"]


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_film_that_is_shown_turned_is_coloured_upright_and_stays_turned(tiny_colorizer, tmp_path, degrees):
    luma = pan(3)
    turned = np.ascontiguousarray(np.rot90(luma, -degrees // 90, axes=(1, 2)))
    options = FilmOptions(size=32, quality=Quality("h264", 0))
    for name, levels, rotation in (("a", luma, 0), ("b", turned, degrees)):
        path = write_film(tmp_path / f"{name}.mp4", levels, rotation=rotation, options={"qp": "0"})
        FilmColorizer(tiny_colorizer, options).color(path, tmp_path / f"{name}.out.mp4")
    plain, shown = read_frames(tmp_path / "a.out.mp4"), read_frames(tmp_path / "b.out.mp4")
    assert shown[0].rotation % 360 == degrees
    upright = np.rot90(chroma(shown[0]), degrees // 90)
    assert np.abs(upright.astype(int) - chroma(plain[0]).astype(int)).mean() < 1


def test_two_shots_are_told_apart(films, tmp_path):
    source = write_film(tmp_path / "a.mp4", np.concatenate([pan(6, seed=0), pan(6, seed=9)]))
    assert films.color(source, tmp_path / "b.mp4").shots == 2


@pytest.mark.slow
def test_a_film_goes_on_where_it_was_stopped_and_comes_out_the_same(films, tmp_path, monkeypatch):
    monkeypatch.setattr(film_module, "PART_FRAMES", 12)
    monkeypatch.setattr("colorizer.video.temporal.BLOCK", 6)
    monkeypatch.setattr("colorizer.video.temporal.LOOK_AHEAD", 3)
    luma = np.concatenate([pan(30, seed=0, grain=4), pan(10, seed=9, grain=4)])
    source = write_film(tmp_path / "a.mp4", luma, sound=True)
    films.color(source, tmp_path / "whole.mp4")

    asked = 0

    def stopped() -> bool:
        nonlocal asked
        asked += 1
        return asked % 50 == 0

    target, resumed = tmp_path / "b.mp4", []
    while not target.exists():
        try:
            films.color(source, target, lambda progress: resumed.append(progress.resumed), stopped)
        except FilmStopped:
            assert not target.exists()
    assert max(resumed) >= 12
    assert target.read_bytes() == (tmp_path / "whole.mp4").read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.mp4", "b.mp4", "whole.mp4"]


@pytest.mark.slow
def test_a_stopped_film_ends_though_a_worker_has_begun_a_frame_whose_earlier_one_is_cancelled(
    films, tmp_path, monkeypatch
):
    cancelled = []

    class CancelsSlowly(ThreadPoolExecutor):
        def shutdown(self, wait=True, *, cancel_futures=False):
            if cancel_futures:
                cancelled.append(self._work_queue.get_nowait().future.cancel())
                time.sleep(0.5)  # the workers begin the frames after it
            super().shutdown(wait, cancel_futures=cancel_futures)

    def slowly(self, *arguments):
        time.sleep(0.05)  # so that frames wait in the pool
        return analyse(self, *arguments)

    analyse = film_module._Work._analyse
    monkeypatch.setattr(film_module._Work, "_analyse", slowly)
    monkeypatch.setattr(film_module, "ThreadPoolExecutor", CancelsSlowly)
    source, ended = write_film(tmp_path / "a.mp4", pan(40, step=0)), []

    def run() -> None:
        with pytest.raises(FilmStopped):
            films.color(source, tmp_path / "b.mp4", stopped=lambda: True)
        ended.append(True)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(30)
    assert cancelled == [True]
    assert ended == [True]


def test_other_options_do_not_use_what_a_stopped_run_has_left(films, tiny_colorizer, tmp_path, monkeypatch):
    monkeypatch.setattr(film_module, "PART_FRAMES", 1)
    source, target = write_film(tmp_path / "a.mp4", pan(40)), tmp_path / "b.mp4"
    progress: list[int] = []
    with pytest.raises(FilmStopped):
        films.color(
            source, target, lambda p: progress.append(p.done), lambda: bool(progress and progress[-1])
        )
    assert (tmp_path / ".b.mp4.parts" / "00000.nut").exists()
    grey = FilmColorizer(tiny_colorizer, FilmOptions(size=32, strength=0.0, quality=Quality("h264", 0)))
    grey.color(source, target)
    assert all((chroma(frame) == 128).all() for frame in read_frames(target))


def test_a_full_disk_leaves_no_half_film(films, tmp_path, monkeypatch):
    source = write_film(tmp_path / "a.mp4", pan(6))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(SegmentWriter, "write", full)
    with pytest.raises(OSError, match="No space"):
        films.color(source, tmp_path / "b.mp4")
    assert not list(tmp_path.glob("**/*.nut")) and not list(tmp_path.glob("**/*.partial"))
    assert not (tmp_path / "b.mp4").exists()


def test_two_processes_do_not_colour_one_film(films, tmp_path):
    source, target = write_film(tmp_path / "a.mp4", pan(6)), tmp_path / "b.mp4"

    def again(_: object) -> None:
        films.color(source, target)

    with pytest.raises(FilmError, match="Another process"):
        films.color(source, target, again)


def test_frames_that_are_repeated_are_named(films, tmp_path):
    from tests.video.test_source import damage

    source = write_film(tmp_path / "a.mkv", pan(10), "mjpeg", "yuvj420p", options={"bf": "0"})
    damage(source, 4)
    report = films.color(source, tmp_path / "b.mkv")
    assert report.frames == 10
    assert any("1 frame could not be decoded" in note and "0:00:00.160" in note for note in report.notes)


def test_what_the_container_cannot_hold_is_left_out_and_named(films, tmp_path):
    source = write_film(tmp_path / "a.mkv", pan(4), subtitles=True)
    report = films.color(source, tmp_path / "b.mp4")
    assert any("subtitle" in note and "cannot hold" in note for note in report.notes)


def test_transparency_that_is_left_out_is_named(films, tmp_path):
    source = write_film(tmp_path / "a.mkv", pan(2), "ffv1", "yuva420p")
    assert "its transparency is left out" in films.color(source, tmp_path / "b.mkv").notes


@pytest.mark.slow
def test_at_most_forty_frames_are_in_memory(films, tmp_path, monkeypatch):
    alive = 0

    class Counted(film_module._Analysed):
        def __init__(self, *arguments):
            nonlocal alive
            super().__init__(*arguments)
            alive += 1

        def __del__(self):
            nonlocal alive
            alive -= 1

    monkeypatch.setattr(film_module, "_Analysed", Counted)
    counts: list[int] = []
    source = write_film(tmp_path / "a.mp4", pan(200, size=(32, 32)))
    films.color(source, tmp_path / "b.mp4", lambda _: counts.append(alive))
    assert max(counts) <= 40
