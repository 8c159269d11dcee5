"""Times the network in every runtime that it can be exported to, side by side: one view of 128x128 pixels.

    python scripts/runtimes.py             # writes the exports into a temporary folder, prints a table

The runtimes take turns, so that other load on the machine affects all of them; the fastest round counts.
Beside the time stands how much the colours of half of examples/ differ from those in float32, as CIEDE2000,
mean and maximum; the other half calibrates the 8-bit network. The repository's root must be importable
(PYTHONPATH=. or `pip install -e .`), and the packages for exports in requirements-dev.txt must be installed.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from colorizer.evaluation.metrics import ciede2000
from colorizer.image.reader import read_photo
from colorizer.model.network import build_network
from colorizer.model.runtime import Runtime
from colorizer.model.spec import AB_OFFSET, AB_RANGE, INT8, PRECISIONS, Forward
from colorizer.prediction import THUMBNAILS
from colorizer.pretrained.locate import find_weights, load_forward, load_weights
from colorizer.publishing import export

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.jpg"))


def open_onnx(path: Path) -> Forward:
    """The network in ONNX Runtime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    name = session.get_inputs()[0].name
    return lambda view: session.run(None, {name: view})[0]


def open_litert(path: Path) -> Forward:
    """The network in LiteRT, on as many threads as there are cores."""
    import os

    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path), num_threads=os.cpu_count())
    interpreter.allocate_tensors()

    def run(view: np.ndarray) -> np.ndarray:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], view)
        interpreter.invoke()
        return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])

    return run


def open_saved_model(path: Path) -> Forward:
    """The network in TensorFlow, without Keras."""
    import tensorflow

    loaded = tensorflow.saved_model.load(str(path))
    return lambda view: loaded.serve(view).numpy()


def to_8_bits(path: Path, photos: list[np.ndarray]) -> Path:
    """An ONNX network's 8-bit version: all but its first and last convolutions, calibrated on `photos`."""
    import onnx
    from onnxruntime import quantization

    class Photos(quantization.CalibrationDataReader):
        left = iter([{"lightness": photo} for photo in photos])

        def get_next(self) -> dict | None:
            return next(self.left, None)

    convolutions = [node.name for node in onnx.load(path).graph.node if node.op_type == "Conv"]
    small = path.with_name("onnx8")
    quantization.quantize_static(
        path, small, Photos(),
        per_channel=True,
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
        op_types_to_quantize=["Conv"],
        nodes_to_exclude=[convolutions[0], convolutions[-1]],
    )  # fmt: skip
    return small


def views() -> list[np.ndarray]:
    """The examples as the network sees them, (1, H, W, 1) each."""
    return [
        read_photo(path).view(*export.LITERT_SIZE, THUMBNAILS)[None, ..., None] / np.float32(100)
        for path in EXAMPLES
    ]


def lab(view: np.ndarray, output: np.ndarray) -> np.ndarray:
    """A view with the network's colours, in CIELAB."""
    return np.concatenate([view * 100, output * AB_RANGE - AB_OFFSET], axis=-1)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    photos, calibration = views()[::2], views()[1::2]
    runs: dict[str, Forward] = {}
    sizes: dict[str, int] = {}
    for precision in PRECISIONS:
        network = build_network(precision=precision)
        load_weights(network)
        runs[f"TensorFlow, {precision}"] = Runtime("tensorflow", precision).compile(network)
        sizes[f"TensorFlow, {precision}"] = find_weights().stat().st_size
        if precision == "float32":
            reference = network
    for precision in ("float32", INT8):
        runs[f"ncnn, {precision}"] = load_forward(Runtime("ncnn", precision))
        sizes[f"ncnn, {precision}"] = find_weights().stat().st_size
    with tempfile.TemporaryDirectory() as folder:
        openers = {"onnx": open_onnx, "litert": open_litert, "tf_saved_model": open_saved_model}
        for kind, opener in openers.items():
            path = Path(folder, kind)
            export.export(reference, kind, path)
            runs[kind], sizes[kind] = opener(path), export.bytes_of(path)
        small = to_8_bits(Path(folder, "onnx"), calibration)
        runs["onnx, 8 bits"], sizes["onnx, 8 bits"] = open_onnx(small), export.bytes_of(small)
        times: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(rounds + 1):
            for name, run in runs.items():
                start = time.perf_counter()
                run(photos[0])
                times[name].append(time.perf_counter() - start)
        print("| | MB | ms | CIEDE2000, mean | maximum |\n|---|---|---|---|---|")
        expected = [lab(view, np.asarray(reference(view, training=False))) for view in photos]
        for name, run in runs.items():
            difference = [
                ciede2000(lab(view, run(view)), true) for view, true in zip(photos, expected, strict=True)
            ]
            ms, megabytes = 1000 * min(times[name][1:]), sizes[name] / 1e6  # the first round warms up
            mean, most = np.mean(difference), np.max(difference)
            print(f"| {name} | {megabytes:.1f} | {ms:.0f} | {mean:.3f} | {most:.2f} |")


if __name__ == "__main__":
    main()
