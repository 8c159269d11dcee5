"""Weight averaging ("model soup"): the mean of several weights, each with its share.

    PYTHONPATH=. python scripts/average_weights.py runs/V 0.6 runs/X 0.4 -o weights

Two runs, one of which continues the other, lie in one valley of the loss, and the points between them are
good networks as well (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models"): they combine the
strengths of both. docs/experiments.md has the results.
"""

import argparse
from pathlib import Path

from colorizer.model.network import build_network
from colorizer.pretrained import weights_file
from colorizer.pretrained.locate import load_weights


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "parts", nargs="+", metavar="WEIGHTS SHARE", help="folders or files, and their shares"
    )
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for the averaged weights")
    options = parser.parse_args()
    sources, shares = options.parts[::2], [float(share) for share in options.parts[1::2]]
    if len(sources) != len(shares) or abs(sum(shares) - 1) > 1e-6:
        parser.error(
            f"every WEIGHTS needs a SHARE, and the shares must add up to 1. Received: {options.parts}"
        )
    network = build_network(precision="float32")
    average: list = [0.0] * len(network.weights)
    for source, share in zip(sources, shares, strict=True):
        load_weights(network, source)
        average = [
            total + share * weight for total, weight in zip(average, network.get_weights(), strict=True)
        ]
    network.set_weights(average)
    options.out.mkdir(parents=True, exist_ok=True)
    weights_file.save(network, options.out)


if __name__ == "__main__":
    main()
