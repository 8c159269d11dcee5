"""Reading films: what is opened, what is known of them, and frames that cannot be decoded."""

import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

from colorizer.errors import FilmError
from colorizer.video.film_file import open_film
from colorizer.video.source import FilmSource
from tests.helpers.films import EVEN, pan, write_film
from tests.helpers.paths import ROOT

PLAYLISTS = {
    "concat": b"ffconcat version 1.0\nfile 'secret.mkv'\n",
    "hls": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.mkv\n#EXT-X-ENDLIST\n",
    "dash": b'<?xml version="1.0"?><MPD><Period><AdaptationSet/></Period></MPD>',
    "sdp": b"v=0\nm=video 5004 RTP/AVP 96\nc=IN IP4 127.0.0.1\n",
    "text": b"Dear grandson, " * 100,
    "nothing": b"",
}


@pytest.fixture
def film(tmp_path):
    """A film of 12 frames, lossless."""
    return write_film(
        tmp_path / "film.mkv", pan(12), codec="ffv1", tick=Fraction(1, 1000), times=range(0, 480, 40)
    )


def damage(path, number: int) -> None:
    """Destroys the data of one frame of a film."""
    with open_film(path) as film:
        places = [(packet.pos, packet.size) for packet in film.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    place, size = places[number]
    start = place + (len(data) - place > size) * 8
    data[start : start + size - 16] = bytes(size - 16)
    path.write_bytes(data)


@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.parametrize("suffix", [".mp4", ".m3u8", ".avi"])
def test_a_file_that_names_other_files_is_not_opened(tmp_path, film, kind, suffix):
    film.rename(tmp_path / "secret.mkv")
    path = tmp_path / f"film{suffix}"
    path.write_bytes(PLAYLISTS[kind])
    with pytest.raises(FilmError, match="not a film that can be read"):
        FilmSource(path)


def test_a_name_that_looks_like_a_protocol_is_a_name(tmp_path, film, monkeypatch):
    film.rename(tmp_path / "concat:a|b.mkv")
    monkeypatch.chdir(tmp_path)
    with FilmSource(tmp_path / "concat:a|b.mkv") as source:
        assert len(list(source.frames())) == 12
    with pytest.raises(FileNotFoundError):
        FilmSource(tmp_path / "http:" / "example.org" / "a.mp4")


def test_size_length_and_levels_are_known_before_the_first_frame(film):
    with FilmSource(film) as source:
        assert source.info.size == (96, 64)
        assert source.info.rate == 25
        assert source.info.frames == 12
        assert source.info.seconds == pytest.approx(0.48, abs=0.05)
        assert (source.info.encoding.matrix, source.info.encoding.full_range) == (6, False)


def test_luma_comes_out_as_it_was_written(film):
    with FilmSource(film) as source:
        np.testing.assert_array_equal([frame.luma() for frame in source.frames()], pan(12))


@pytest.mark.parametrize(
    ("pixel_format", "tags", "full", "bits"),
    [
        ("yuv420p", {}, False, 8),
        ("yuv422p10le", {}, False, 10),
        ("yuv444p", {"color_range": 2}, True, 8),
        ("gray", {}, True, 8),
        ("gray10le", {}, True, 10),
    ],
)
def test_levels_are_read_in_every_format(tmp_path, pixel_format, tags, full, bits):
    path = write_film(tmp_path / "a.mkv", pan(3), "ffv1", pixel_format, **tags)
    with FilmSource(path) as source:
        assert (source.info.encoding.full_range, source.info.encoding.bits) == (full, bits)
        np.testing.assert_array_equal(next(source.frames()).luma(), pan(3)[0])


def test_an_untagged_film_is_bt601_up_to_576_lines_and_bt709_above(tmp_path):
    large = np.full((1, 720, 1280), 100, np.uint8)
    with FilmSource(write_film(tmp_path / "a.mkv", large, "ffv1")) as source:
        assert source.info.encoding.matrix == 1
    with FilmSource(write_film(tmp_path / "b.mp4", large, colorspace=6)) as source:
        assert source.info.encoding.matrix == 6


def test_frames_keep_times_at_any_distance(tmp_path):
    times = [0, EVEN, 3 * EVEN, 3 * EVEN + 17, 9 * EVEN]
    path = write_film(tmp_path / "a.mp4", pan(5), times=times)
    with FilmSource(path) as source:
        assert [frame.pts for frame in source.frames()] == times


@pytest.mark.parametrize("codec", ["libx264", "ffv1"])
def test_reading_goes_on_after_any_frame(tmp_path, codec):
    path = write_film(tmp_path / "a.mkv", pan(30), codec, options={"g": "8"} if codec == "libx264" else {})
    with FilmSource(path) as source:
        everything = list(source.frames())
        for number in (0, 7, 8, 20, 28):
            rest = list(source.frames(after=everything[number].pts))
            assert [frame.pts for frame in rest] == [frame.pts for frame in everything[number + 1 :]]
            np.testing.assert_array_equal(rest[0].luma(), everything[number + 1].luma())
        assert list(source.frames(after=everything[-1].pts)) == []


@pytest.mark.parametrize("codec", ["libx264", "mjpeg", "libvpx-vp9"])
def test_a_frame_that_cannot_be_decoded_is_repeated_in_its_place(tmp_path, codec):
    pixel_format = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    times = list(range(0, 480, 40))
    path = write_film(
        tmp_path / "a.mkv", pan(12), codec, pixel_format, times, Fraction(1, 1000), options={"bf": "0"}
    )
    damage(path, 5)
    with FilmSource(path) as source:
        frames = list(source.frames())
    assert [frame.pts for frame in frames] == times
    assert [number for number, frame in enumerate(frames) if frame.repeated] == [5]
    np.testing.assert_array_equal(frames[5].luma(), frames[4].luma())


def test_a_frame_with_damage_inside_is_no_mess_of_blocks_but_repeated(tmp_path):
    path = write_film(tmp_path / "a.mkv", pan(12, grain=9), options={"bf": "0"})
    with open_film(path) as film:
        place, size = [(packet.pos, packet.size) for packet in film.demux(video=0) if packet.size][5]
    data = bytearray(path.read_bytes())
    for at in range(place + size // 3, place + size - 20, 40):
        data[at] ^= 0xFF
    path.write_bytes(data)
    with FilmSource(path) as source:
        frames = list(source.frames())
    assert [number for number, frame in enumerate(frames) if frame.repeated] == [5]


def test_a_film_that_was_cut_off_says_so(tmp_path):
    whole = write_film(tmp_path / "a.mkv", pan(60, grain=9), options={"g": "1"})
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 3])
    with FilmSource(whole) as source:
        list(source.frames())
        assert source.problems == []
    with FilmSource(cut) as source:
        list(source.frames())
        assert "may have been cut off" in source.problems[0]


def test_a_film_that_ends_early_gives_what_there_is(tmp_path, film):
    short = tmp_path / "short.mkv"
    short.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    with FilmSource(short) as source:
        assert 3 <= len(list(source.frames())) < 12


def test_a_film_without_pictures_or_with_tiny_ones_is_an_error(tmp_path):
    with pytest.raises(FilmError, match="16 to"):
        FilmSource(write_film(tmp_path / "a.mkv", np.full((2, 8, 8), 90, np.uint8), "ffv1"))


def test_without_the_extra_a_sentence_says_which_it_is(tmp_path, film):
    code = f"""
import importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "av" else find(name, *rest)
from colorizer.cli import main
sys.exit(main([{str(film)!r}, "-o", {str(tmp_path / "out")!r}]))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert 'films need the extra "video", and av is not installed' in done.stderr
