"""Times the network in every runtime that it can be exported to, side by side: one look at 256x256 pixels.

    python scripts/runtimes.py             # writes the exports into a temporary folder, prints a table

The runtimes take turns, so that what else the machine does hits them alike; the fastest of their rounds
counts. The repository's root must be importable (PYTHONPATH=. or `pip install -e .`), and what
requirements-dev.txt pins for exports must be installed.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from colorizer import export, weights
from colorizer.network import build_network


def open_onnx(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    """The network in ONNX Runtime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    name = session.get_inputs()[0].name
    return lambda seen: session.run(None, {name: seen})[0]


def open_litert(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    """The network in LiteRT, on as many threads as there are cores."""
    import os

    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path), num_threads=os.cpu_count())
    interpreter.allocate_tensors()

    def run(seen: np.ndarray) -> np.ndarray:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], seen)
        interpreter.invoke()
        return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])

    return run


def open_saved_model(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    """The network in TensorFlow, without Keras."""
    import tensorflow

    loaded = tensorflow.saved_model.load(str(path))
    return lambda seen: loaded.serve(seen).numpy()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    network = build_network(precision="float32")
    weights.load(network)
    seen = np.random.default_rng(0).random((1, *export.SIZE, 1), np.float32)
    runs = {"Keras": lambda seen: np.asarray(network(seen, training=False))}
    sizes = {"Keras": weights.locate().stat().st_size}
    with tempfile.TemporaryDirectory() as folder:
        openers = {"onnx": open_onnx, "litert": open_litert, "tf_saved_model": open_saved_model}
        for kind, opener in openers.items():
            path = Path(folder, kind)
            export.export(network, kind, path)
            runs[kind], sizes[kind] = opener(path), export.size_of(path)
        expected = runs["Keras"](seen)
        times: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(rounds + 1):
            for name, run in runs.items():
                start = time.perf_counter()
                run(seen)
                times[name].append(time.perf_counter() - start)
        print("| | MB | ms | largest difference |\n|---|---|---|---|")
        for name, run in runs.items():
            difference = np.abs(run(seen) - expected).max()
            milliseconds = 1000 * min(times[name][1:])  # the first one warms up
            print(f"| {name} | {sizes[name] / 1e6:.1f} | {milliseconds:.0f} | {difference:.1e} |")


if __name__ == "__main__":
    main()
