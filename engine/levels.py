"""The words for what a plan is: its level and its nature. No imports, because the toolbox needs
them before geopandas.
"""

LEVELS = (
    "national",
    "regional",
    "provincial",
    "district",
    "commune",
    "urban_general",
    "zoning",
    "detailed",
    "sector",
)
NATURES = ("map", "diagram")
"""A diagram (sơ đồ) shows orientation only: an overlay with one is a prompt to look, never an
error.
"""
