"""Encodes a picture in a process of its own, which can be ended when its time is over.

    encode(image, "AVIF", options, deadline, file)

Encoders of modern formats compress a large picture in one call that nothing can interrupt: 90 megapixels of
noise kept an AVIF encoder busy for 97 seconds. This file is also the program of that process. It imports
Pillow alone, so it starts in a tenth of a second.
"""

import pickle
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, BinaryIO

from PIL import Image

if TYPE_CHECKING:
    from colorizer.limits import Deadline

STRIP_ROWS = 256  # rows that go to the process at a time


def encode(
    image: Image.Image, kind: str, options: dict[str, Any], deadline: "Deadline", file: BinaryIO
) -> None:
    """Encodes a picture into a file.

    Args:
        image: RGB or RGBA.
        kind: the file type, as Pillow names it.
        options: for Pillow's writer.
        deadline: when the process is ended.
        file: an open file with a descriptor, where the result goes.

    Raises:
        PhotoError: the time is over.
        OSError: the encoder failed; its message is part of the text.
    """
    command = [sys.executable, "-P", "-W", "ignore", __file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=file, stderr=subprocess.PIPE) as process:
        assert process.stdin and process.stderr  # both are pipes
        try:
            job = (kind, image.mode, image.size, options, deadline.left)
            try:
                process.stdin.write(pickle.dumps(job))
                for top in range(0, image.height, STRIP_ROWS):
                    deadline.check()
                    strip = (0, top, image.width, min(image.height, top + STRIP_ROWS))
                    process.stdin.write(image.crop(strip).tobytes())
                process.stdin.close()
            except BrokenPipeError:
                pass  # it failed already, and says why
            try:
                errors = process.stderr.read() if process.wait(deadline.left) else b""
            except subprocess.TimeoutExpired:
                deadline.check(f"writing it as {kind}; JPEG, PNG and TIFF are written faster")
                raise
        finally:
            process.kill()
    if process.returncode:
        lines = errors.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise OSError(f"the {kind} encoder failed: {lines[-1]}")


def main() -> None:
    """The program: a pickled job and pixels on standard input, the file on standard output."""
    kind, mode, size, options, seconds = pickle.load(sys.stdin.buffer)
    if hasattr(signal, "alarm") and seconds < 1e6:
        signal.alarm(int(seconds) + 2)  # in case the program that waits is killed
    if kind == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    image = Image.new(mode, size)
    for top in range(0, size[1], STRIP_ROWS):
        rows = min(STRIP_ROWS, size[1] - top)
        pixels = sys.stdin.buffer.read(rows * size[0] * len(mode))
        image.paste(Image.frombytes(mode, (size[0], rows), pixels), (0, top))
    Image.MAX_IMAGE_PIXELS = None
    image.save(sys.stdout.buffer, kind, **options)


if __name__ == "__main__":
    main()
