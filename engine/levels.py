"""The words for what a plan is: its level and its nature. Nothing of ours is
imported, because the toolbox needs them before geopandas.
"""

from __future__ import annotations

from typing import Literal, get_args

Level = Literal[
    "national",
    "regional",
    "provincial",
    "district",
    "commune",
    "urban_general",
    "zoning",
    "detailed",
    "sector",
]
LEVELS: tuple[Level, ...] = get_args(Level)
Nature = Literal["map", "diagram"]
NATURES: tuple[Nature, ...] = get_args(Nature)
"""A diagram (sơ đồ) shows orientation only: an overlay with one is a prompt to look, never an
error.
"""
