"""What the built-in rule set says of the demo's zones and codes, as a table that numpy can look up.

In: arrays of zone numbers (index into ZONES) and land-use codes. Out: verdicts as text: compatible,
conditional, conflict or unlisted.
"""

from __future__ import annotations

import functools

import numpy as np

from ..engine.rulesets.reading import read_ruleset
from ..engine.rulesets.ruleset import RuleSet
from .zoning import ZONES


@functools.cache
def _ruleset() -> RuleSet:
    return read_ruleset(None)


@functools.cache
def verdict(zone: str, code: str) -> str:
    """Return the verdict for a functional zone's code and a land-use code."""
    return _ruleset().verdict(zone, code).verdict


def verdicts(zone: np.ndarray, code: np.ndarray) -> np.ndarray:
    """Return the verdict of each pair; "" for a missing land-use code, on which nothing can be
    said.
    """
    return np.array([verdict(ZONES[z], c) if c else "" for z, c in zip(zone.tolist(), code.tolist())], dtype=object)
