"""The page, as a Hugging Face Space and `make app` start it: `python app.py` is `colorizer serve`.

    python app.py                       # http://127.0.0.1:7860; --help lists the options

The page itself is `colorizer/page/app.py`; `colorizer/page/serve.py` starts it.
"""

import sys

from colorizer.cli import main

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))
