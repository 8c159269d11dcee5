"""`python -m colorizer` is the command; see `cli.py`."""

import sys

from colorizer.cli import main

if __name__ == "__main__":
    sys.exit(main())
