"""The areas that a plan's table declares, as hectares: how the column writes numbers and in which
unit is found out and said.

Goes in: the values of one column as the file holds them (numbers, or texts such as "12,5",
"1.234,56", "3 500 m²"), and the area of each zone on the map in m². Comes out: DeclaredAreas. The
decimal sign and the unit (ha, m2, km2) are those by which most zones agree with the map, for the
whole column, except where a value names its own unit; what is no number under them is left out and
reported. Fails with PlanError where no unit fits: nothing is guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ..errors import PlanError
from ..values import is_missing

UNITS_M2 = {"ha": 1e4, "m2": 1.0, "km2": 1e6}
SPELLINGS = {"ha": "ha", "hecta": "ha", "hectare": "ha", "m2": "m2", "m²": "m2", "km2": "km2", "km²": "km2"}
VALUE = re.compile(r"^([\d.,\s\u00a0\u202f']+?)\s*(ha|hecta|hectare|m2|m²|km2|km²)?\.?$", re.IGNORECASE)
PATTERNS = {
    ".": re.compile(r"^(\d+|\d{1,3}(,\d{3})+)(\.(\d+))?$"),
    ",": re.compile(r"^(\d+|\d{1,3}(\.\d{3})+)(,(\d+))?$"),
}
BLANKS = re.compile(r"[\s\u00a0\u202f']")
NEAR = 0.15
"""A zone agrees when its figure is within a factor of 10**0.15 = 1.4 of the map."""
LEAST_SHARE = 0.5
MOST_DECIMALS, OF_ALL = 6, 0.98
EXAMPLES = 3


@dataclass(frozen=True)
class DeclaredAreas:
    """``declared_ha`` NaN where nothing (``blank``) or no number (``unreadable``) stands;
    ``rounding_ha``: half of the last decimal.

    ``unit`` is that of values that name none, ``decimal_sign`` "" where all are numbers already.
    ``agreeing``: zones near the map.
    """

    declared_ha: np.ndarray
    rounding_ha: np.ndarray
    blank: np.ndarray
    unreadable: np.ndarray
    unit: str
    decimal_sign: str
    agreeing: int


@dataclass(frozen=True)
class _Numbers:
    """Values read with one decimal sign; ``own``: the unit that a value names itself, "" none."""

    sign: str
    value: np.ndarray
    decimals: np.ndarray
    own: np.ndarray


def read_areas(values: np.ndarray, measured_m2: np.ndarray, layer: str, column: str) -> DeclaredAreas:
    """Return the column ``column`` of ``layer`` as hectares; see the module's paragraph."""
    texts = np.array([_text(value) for value in values], dtype=object)
    blank = texts == ""
    numeric = all(not isinstance(value, str) for value, empty in zip(values, blank) if not empty)
    readings = [_as_numbers(values, blank)] if numeric else [_as_texts(texts, sign) for sign in (".", ",")]
    ways = [(numbers, unit) for numbers in readings for unit in UNITS_M2]
    scores = [_agreement(numbers, unit, measured_m2) for numbers, unit in ways]
    best = max(range(len(ways)), key=lambda way: scores[way])
    numbers, unit = ways[best]
    agreeing = int(scores[best][0])
    readable = np.isfinite(numbers.value)
    comparable = int((readable & (measured_m2 > 0)).sum())
    if comparable and agreeing < LEAST_SHARE * comparable:
        examples = ", ".join(texts[~blank][:EXAMPLES])
        raise PlanError("error.declared_unit", layer=layer, field=column, count=comparable, examples=examples)
    step_m2 = _unit_m2(numbers, unit) * 10.0**-numbers.decimals
    return DeclaredAreas(
        declared_ha=numbers.value * _unit_m2(numbers, unit) / 1e4,
        rounding_ha=step_m2 / 2.0 / 1e4,
        blank=blank,
        unreadable=~blank & ~readable,
        unit=unit,
        decimal_sign="" if numeric else numbers.sign,
        agreeing=agreeing,
    )


def _text(value: object) -> str:
    if is_missing(value):
        return ""
    return str(value).strip()


def _as_numbers(values: np.ndarray, blank: np.ndarray) -> _Numbers:
    """Return a column of numbers; what is not finite or below 0 is no area."""
    read = np.array([np.nan if empty else float(value) for value, empty in zip(values, blank)])
    read[~(read >= 0) | ~np.isfinite(read)] = np.nan
    there = read[np.isfinite(read)]
    decimals = MOST_DECIMALS
    for count in range(MOST_DECIMALS):
        exact = np.abs(there * 10.0**count - np.rint(there * 10.0**count)) < 1e-6 * np.maximum(1.0, there)
        if exact.mean() >= OF_ALL if len(there) else True:
            decimals = count
            break
    return _Numbers("", read, np.full(len(read), float(decimals)), np.full(len(read), "", dtype=object))


def _as_texts(texts: np.ndarray, sign: str) -> _Numbers:
    value, own = np.full(len(texts), np.nan), np.full(len(texts), "", dtype=object)
    decimals = np.zeros(len(texts))
    for number, written in enumerate(texts):
        match = VALUE.match(written)
        digits = PATTERNS[sign].match(BLANKS.sub("", match.group(1))) if match else None
        if match is None or digits is None:
            continue
        own[number] = SPELLINGS[match.group(2).lower()] if match.group(2) else ""
        whole = re.sub(r"\D", "", digits.group(1))
        value[number] = float(f"{whole}.{digits.group(4) or 0}")
        decimals[number] = len(digits.group(4) or "")
    usual = decimals[np.isfinite(value)]
    # 12.5 in a column with two decimals is 12.50
    return _Numbers(sign, value, np.full(len(texts), usual.max() if len(usual) else 0.0), own)


def _unit_m2(numbers: _Numbers, unit: str) -> np.ndarray:
    return np.array([UNITS_M2[own or unit] for own in numbers.own])


def _agreement(numbers: _Numbers, unit: str, measured_m2: np.ndarray) -> tuple[float, float, float]:
    """Return (zones near the map, zones that are numbers, nearness of the median) of one way to
    read the column.
    """
    declared_m2 = numbers.value * _unit_m2(numbers, unit)
    both = (declared_m2 > 0) & (measured_m2 > 0)
    if not both.any():
        return 0.0, float(np.isfinite(numbers.value).sum()), 0.0
    away = np.abs(np.log10(declared_m2[both] / measured_m2[both]))
    return float((away <= NEAR).sum()), float(np.isfinite(numbers.value).sum()), -float(np.median(away))
