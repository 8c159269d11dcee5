"""Calibrates weights for 8-bit integers: adds `input_maxima` to their manifest, as train.py does at its end.

    PYTHONPATH=. python scripts/calibrate.py weights --photos ../shared/photos/train-0.zip

For weights that train.py did not write, such as an average of several. Without it, such weights are computed
in float32, in half as much time again.
"""

import argparse
import tempfile
from pathlib import Path

from colorizer.limits import SIZE
from colorizer.model.network import build_network
from colorizer.pretrained import manifest
from colorizer.pretrained.locate import load_weights
from colorizer.training.calibration import measure_input_maxima
from colorizer.training.crops import BatchStream
from colorizer.training.shards import open_photos
from colorizer.training.trainer import CALIBRATION_CROPS


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("weights", type=Path, metavar="WEIGHTS", help="a folder with weights and manifest")
    parser.add_argument("--photos", required=True, help="a folder or .zip of colour photos")
    parser.add_argument("--size", type=int, default=SIZE, help=f"of the crops (default: {SIZE})")
    options = parser.parse_args()
    network = build_network(precision="float32", fresh=False)
    load_weights(network, options.weights)
    with tempfile.TemporaryDirectory() as cache:
        photos = open_photos([options.photos], cache)
        crops = BatchStream(photos, seed=0, zoom=1.2).batch(0, CALIBRATION_CROPS, options.size)
    maxima = measure_input_maxima(network, crops)
    manifest.add_input_maxima(options.weights, maxima)
    print(", ".join(f"{maximum:.4g}" for maximum in maxima))


if __name__ == "__main__":
    main()
