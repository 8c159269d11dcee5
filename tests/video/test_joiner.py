"""What comes along with the pictures: sound tracks, covers, fonts, and films of every container."""

import io
from fractions import Fraction

import av
import pytest
from PIL import Image

from colorizer.video.encoder import Quality
from colorizer.video.film import FilmColorizer, FilmOptions
from colorizer.video.source import FilmSource
from tests.helpers.films import packets, pan, read_frames, write_film


@pytest.fixture
def films(tiny_colorizer) -> FilmColorizer:
    return FilmColorizer(tiny_colorizer, FilmOptions(size=32))


@pytest.fixture
def rich(tmp_path):
    """A film with two sound tracks, a cover picture and a font."""
    plain, path = write_film(tmp_path / "plain.mkv", pan(6), sound=True), tmp_path / "rich.mkv"
    cover = io.BytesIO()
    Image.new("RGB", (20, 20), "red").save(cover, "JPEG")
    with av.open(str(plain)) as film, av.open(str(path), "w") as output:
        copies = [output.add_stream_from_template(film.streams[n], opaque=True) for n in (0, 1, 1)]
        copies[1].metadata["language"], copies[2].metadata["language"] = "deu", "fra"
        output.add_attachment("cover.jpg", "image/jpeg", cover.getvalue())
        output.add_attachment("font.ttf", "application/x-truetype-font", b"a font")
        for packet in film.demux():
            if not packet.size:
                continue
            if packet.stream_index == 1:
                again = av.Packet(bytes(packet))
                again.pts, again.dts, again.time_base = packet.pts, packet.dts, packet.time_base
                again.stream = copies[2]
                output.mux(again)
            packet.stream = copies[packet.stream_index]
            output.mux(packet)
    return path


def contents(path) -> list[str]:
    """A word for each stream: its type, and its language or whether it is a cover."""
    with av.open(str(path)) as film:
        cover = av.stream.Disposition.attached_pic
        return [
            "cover" if stream.disposition & cover else f"{stream.type} {stream.language or ''}".strip()
            for stream in film.streams
        ]


def test_sound_tracks_cover_and_font_come_along(films, rich, tmp_path):
    films.color(rich, tmp_path / "b.mkv")
    assert contents(tmp_path / "b.mkv") == contents(rich)
    assert contents(rich) == ["video", "audio deu", "audio fra", "cover", "attachment"]


def test_a_cover_goes_from_container_to_container_and_a_font_is_left_out_with_a_note(films, rich, tmp_path):
    report = films.color(rich, tmp_path / "b.mp4")
    assert contents(tmp_path / "b.mp4") == ["video und", "audio deu", "audio fra", "cover"]
    assert any("attachment is left out" in note for note in report.notes)
    films.color(tmp_path / "b.mp4", tmp_path / "c.mp4")
    assert contents(tmp_path / "c.mp4") == contents(tmp_path / "b.mp4")


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format"),
    [
        ("a.ts", "libx264", "yuv420p"),
        ("a.mpg", "mpeg2video", "yuv420p"),
        ("a.avi", "mpeg4", "yuv420p"),
        ("a.flv", "flv", "yuv420p"),
        ("a.mov", "prores_ks", "yuv422p10le"),
        ("a.mov", "mjpeg", "yuvj420p"),
    ],
)
def test_films_of_every_container_come_out_with_all_frames_and_their_times(
    films, tmp_path, name, codec, pixel_format
):
    levels = pan(12) if "10" not in pixel_format else pan(12).astype("uint16") * 4
    source = write_film(tmp_path / name, levels, codec, pixel_format, range(12), Fraction(1, 25))
    films.color(source, tmp_path / "b.mkv")
    before, after = read_frames(source), read_frames(tmp_path / "b.mkv")
    assert len(after) == len(before) >= 11
    times = [frame.time - before[0].time for frame in before]
    assert [frame.time - after[0].time for frame in after] == pytest.approx(times, abs=0.001)


def test_sound_in_a_transport_stream_loses_its_headers_and_nothing_else(films, tmp_path):
    source = write_film(tmp_path / "a.ts", pan(6), sound=True)
    films.color(source, tmp_path / "b.mkv")
    before, after = packets(source, "audio"), packets(tmp_path / "b.mkv", "audio")
    assert [data[7:] for *_, data in before] == [data for *_, data in after]  # ADTS: 7 bytes a packet


@pytest.mark.parametrize("first", ["tff", "bff"])
def test_an_interlaced_film_stays_marked_with_its_first_field(films, tmp_path, first):
    source = write_film(tmp_path / "a.mp4", pan(6), options={"x264-params": f"{first}=1"})
    films.color(source, tmp_path / "b.mp4")
    with FilmSource(tmp_path / "b.mp4") as film:
        assert film.info.interlaced == first


def test_webm_gets_vp9_and_keeps_every_frame(tiny_colorizer, tmp_path):
    source = write_film(tmp_path / "a.webm", pan(8), "libvpx-vp9", options={"deadline": "realtime"})
    options = FilmOptions(size=32, quality=Quality("vp9"))
    FilmColorizer(tiny_colorizer, options).color(source, tmp_path / "b.webm")
    assert len(read_frames(tmp_path / "b.webm")) == 8
