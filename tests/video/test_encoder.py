"""Encoding: luma as it was, in every format, and what a codec cannot hold."""

from fractions import Fraction

import numpy as np
import pytest

from colorizer.errors import FilmError
from colorizer.video.chroma import ChromaTable
from colorizer.video.encoder import Quality, SegmentWriter, output_format
from colorizer.video.source import FilmSource, luma_plane
from tests.helpers.films import pan, read_frames, write_film

LOSSLESS = [Quality("h264", 0), Quality("h265", 0), Quality("ffv1")]
AB = np.full((6, 9, 2), 20, np.float32)


def encode(path, quality: Quality):
    """What comes out of a film in one colour: FFmpeg's frames, and the luma that went in."""
    part = path.with_suffix(".nut")
    with FilmSource(path) as source:
        table = ChromaTable(output_format(source.info, quality.codec).encoding)
        frames = list(source.frames())
        with SegmentWriter(part, source.info, quality) as writer:
            for frame in frames:
                writer.write(frame, AB, table)
        return read_frames(part), np.stack([frame.luma() for frame in frames])


@pytest.mark.parametrize(
    "quality", [Quality("h264", 0), Quality("h265", 0), Quality("vp9", 0), Quality("ffv1")]
)
@pytest.mark.parametrize(
    ("pixel_format", "size"),
    [
        ("yuv420p", (96, 64)),
        ("yuv420p", (97, 65)),
        ("yuv422p", (96, 65)),
        ("yuv444p", (97, 64)),
        ("gray", (96, 64)),
        ("yuv411p", (96, 64)),
    ],
)
def test_luma_is_the_same_to_the_last_bit(tmp_path, quality, pixel_format, size):
    path = write_film(tmp_path / "a.mkv", pan(4, grain=9, size=size), "ffv1", pixel_format)
    frames, luma = encode(path, quality)
    np.testing.assert_array_equal([luma_plane(frame) for frame in frames], luma)
    assert all(np.frombuffer(memoryview(frame.planes[2]), np.uint8).max() > 128 for frame in frames)


@pytest.mark.parametrize("quality", LOSSLESS)
@pytest.mark.parametrize("pixel_format", ["yuv420p10le", "yuv422p10le", "gray10le"])
def test_ten_bits_of_luma_are_the_same_to_the_last_bit(tmp_path, quality, pixel_format):
    luma = pan(4, grain=9).astype(np.uint16) * 4 + 3
    frames, read = encode(write_film(tmp_path / "a.mkv", luma, "ffv1", pixel_format), quality)
    np.testing.assert_array_equal(read, luma)
    np.testing.assert_array_equal([luma_plane(frame) for frame in frames], luma)


def test_at_the_usual_quality_luma_is_encoded_anew_and_stays_near(tmp_path):
    frames, luma = encode(write_film(tmp_path / "a.mkv", pan(4), "ffv1"), Quality())
    error = np.stack([luma_plane(frame) for frame in frames]).astype(float) - luma
    assert 0 < np.abs(error).mean() < 4


def test_a_codec_with_fewer_bits_gets_rounded_levels(tmp_path):
    luma = np.full((2, 64, 96), 401, np.uint16)
    frames, _ = encode(write_film(tmp_path / "a.mkv", luma, "ffv1", "yuv420p10le"), Quality("vp9", 0))
    assert set(luma_plane(frames[0]).ravel()) == {100}


def test_times_are_those_of_the_film(tmp_path):
    times = [0, 17, 40, 400, 1001]
    path = write_film(tmp_path / "a.mkv", pan(5), "ffv1", times=times, tick=Fraction(1, 1000))
    frames, _ = encode(path, Quality())
    assert [round(frame.time * 1000) for frame in frames] == times


def test_matrix_and_range_are_tagged(tmp_path):
    path = write_film(tmp_path / "a.mkv", pan(2), "ffv1", color_range=2, colorspace=1)
    frames, _ = encode(path, Quality())
    assert (frames[0].color_range, frames[0].colorspace) == (2, 1)


def test_a_part_that_was_not_finished_is_not_there(tmp_path):
    path = write_film(tmp_path / "a.mkv", pan(2), "ffv1")
    with (
        FilmSource(path) as source,
        pytest.raises(KeyboardInterrupt),
        SegmentWriter(tmp_path / "part.nut", source.info, Quality()),
    ):
        raise KeyboardInterrupt
    assert [file.name for file in tmp_path.iterdir()] == ["a.mkv"]


@pytest.mark.parametrize(("codec", "crf"), [("xvid", 18), ("h264", -1), ("h264", 52)])
def test_a_quality_that_does_not_exist_is_an_error(codec, crf):
    with pytest.raises(FilmError, match="Received"):
        Quality(codec, crf)
