"""The page's parts: one photo, many photos, about; `app.py` puts them together and starts them.

The page only shows: `colorizer.Colorizer` does the work, the same that the command line and Python use.
"""
