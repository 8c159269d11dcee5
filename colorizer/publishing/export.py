"""The network in the formats of other runtimes, by Keras's own exporters.

    colorizer export --format onnx -o colorizer.onnx
    colorizer export --format litert --size 128 128 -o colorizer.tflite
    colorizer export --format tf_saved_model -o colorizer-saved-model/

Input and output are those of `model/network.py`: L* / 100 as (N, H, W, 1), (ab + 128) / 255 as (N, H, W, 2),
float32. H and W are any multiples of 8, except for LiteRT, whose runtime has no convolution of unknown size:
there H and W are those of --size, and N is 1. The program that uses the export does the rest of what
`Colorizer` does: the mean of two views, at about 192 and 96 pixels, times `CHROMA_GAIN`; the alignment with
the photo's edges; the photo's own lightness.

ONNX needs the packages tf2onnx and onnx (`pip install 'colorizer[export]'`).
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

import keras

from colorizer.errors import ExportError, WeightsError
from colorizer.model.network import build_network
from colorizer.model.runtime import Runtime
from colorizer.model.spec import STRIDE
from colorizer.pretrained.locate import load_weights
from colorizer.pretrained.sanity_check import check_colors

FORMATS = ("onnx", "litert", "tf_saved_model")
LITERT_SIZE = (128, 128)  # height and width, by default


def export(network: keras.Model, kind: str, path: Path, size: tuple[int, int] = LITERT_SIZE) -> None:
    """Writes the network for another runtime; a file at `path` is replaced once the export has succeeded.

    Args:
        network: as `build_network` returns it, in float32.
        kind: one of `FORMATS`.
        path: a file; for "tf_saved_model" a folder, which must not exist or be empty.
        size: height and width for "litert", multiples of 8; the other formats accept any.

    Raises:
        ExportError: a converter is missing, or the folder is not empty.
        ValueError: an unknown format, or a size that is not a multiple of 8.
    """
    if kind not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}. Received: {kind!r}")
    if any(side < STRIDE or side % STRIDE for side in size):
        raise ValueError(f"size must be two multiples of {STRIDE}. Received: {size}")
    if kind == "tf_saved_model" and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ExportError(f"{path} exists already and is not an empty folder")
    shape = (1, *size, 1) if kind == "litert" else (None, None, None, 1)
    signature = [keras.InputSpec(shape=shape, dtype="float32", name="lightness")]
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        complete = Path(folder, "colorizer.tflite" if kind == "litert" else "colorizer")
        try:
            network.export(complete, format=kind, verbose=False, input_signature=signature)
        except ImportError as error:
            raise ExportError(f"For {kind}, {error.name or 'a converter'} is missing: {error}") from error
        if path.is_dir() and complete.is_dir():
            shutil.copytree(complete, path, dirs_exist_ok=True)
        else:
            os.replace(complete, path)


def bytes_of(path: Path) -> int:
    """The size of a file, or of all files of a folder, in bytes."""
    return sum(file.stat().st_size for file in [path, *path.rglob("*")] if file.is_file())


def main(arguments: list[str] | None = None) -> int:
    """The command; 0, or 2 if nothing was written."""
    parser = argparse.ArgumentParser(
        prog="colorizer export",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--format", choices=FORMATS, required=True)
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", required=True)
    parser.add_argument("--weights", help="file, folder or owner/name@revision (default: the shipped)")
    parser.add_argument(
        "--size",
        type=int,
        nargs=2,
        metavar=("H", "W"),
        help="for litert (default: 128 128)",
    )
    options = parser.parse_args(arguments)
    if options.size and options.format != "litert":
        parser.error(f"--size belongs to litert; {options.format} accepts any size. Received: {options.size}")
    try:
        network = build_network(precision="float32", fresh=False)
        path = load_weights(network, options.weights)
        check_colors(Runtime("tensorflow").compile(network), path)
        export(network, options.format, options.out, tuple(options.size or LITERT_SIZE))
    except (WeightsError, ExportError, ValueError, OSError) as error:
        print(f"colorizer export: {error}", file=sys.stderr)
        return 2
    print(f"{bytes_of(options.out):,} bytes in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
