"""The page, as a Hugging Face Space and `make app` start it.

    python app.py                       # http://127.0.0.1:7860; --help lists the options

The page itself is `colorizer/page/app.py`; here it is only loaded quickly, and started.
"""

import sys

from colorizer.fast_import import uncollected, without

with uncollected(), without("matplotlib"):  # which Keras would load for galleries that are not shown here
    from colorizer.page.app import main

if __name__ == "__main__":
    sys.exit(main())
