"""Millions of photos on many machines: `colorizer cluster IN OUT`, with Ray. docs/scale.md is its manual.

`command.py` is the command, `pipeline.py` what runs on Ray, `actor.py` a worker, and `photo.py` what happens
to one photo. `manifest.py` says which photos there are, `names.py` what their results are called,
`storage.py` reads and writes them, and `report.py` keeps a row about each. Nothing outside this package
imports it, and it needs the extra `cluster`.
"""
