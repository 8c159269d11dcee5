"""The page: one photo, many photos, about; `app.py` puts the tabs together, `serve.py` starts the server.

The page only shows: `colorizer.Colorizer` does the work, the same that the command line and Python use.
What protects the server from its visitors, and visitors from each other, is in `security/`.
"""

import os

# Before anything here imports Gradio: photos are private, so the page reports nothing to anyone.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
