"""How a photo may be asked to be coloured: the sizes and strengths there are, and which are refused.

    check_size(160)
    check_strength(1.0)

It needs no library, so that the command answers `--help` and wrong usage at once.
"""

# docs/experiments.md compares sizes; see `LOOKS` in colorizer.py.
SIZE = 160
# Less than this and the network's deepest layers would see nothing but the border.
SMALLEST_SIZE, LARGEST_SIZE = 32, 1024
STRONGEST = 2.0


def check_size(size: int) -> None:
    """Refuses a size that the network cannot see at with a ValueError."""
    if not SMALLEST_SIZE <= size <= LARGEST_SIZE:
        raise ValueError(f"size must lie between {SMALLEST_SIZE} and {LARGEST_SIZE}. Received: {size}")


def check_strength(strength: float) -> None:
    """Refuses a strength outside [0, 2] with a ValueError."""
    if not 0 <= strength <= STRONGEST:
        raise ValueError(f"strength must lie between 0 and {STRONGEST:g}. Received: {strength}")
