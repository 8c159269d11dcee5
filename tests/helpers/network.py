"""A tiny network: the shipped architecture, layer for layer, with a few filters instead of hundreds."""

from dataclasses import replace

from colorizer.model.spec import ARCHITECTURE

FILTERS = (4, 4, 6, 6, 8, 8, 8, 8, 6, 6, 4, 4, 2)
TINY = tuple(replace(conv, filters=few) for conv, few in zip(ARCHITECTURE, FILTERS, strict=True))
