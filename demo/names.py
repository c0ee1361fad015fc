"""Names and numbers of the fictional province: districts, rivers, roads, decisions.

In: the seed and what is known of each district (its kind). Out: names from
resources/demo/names.csv, which a planner may edit; they are invented, though single ones may exist
somewhere. Too few names of a kind are numbered on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..engine.catalogue import read_table
from ..engine.names import without_accents
from .land_use import DEMO

TITLES = {"city": "Thành phố", "town": "Thị xã", "island": "Huyện", "plain": "Huyện", "mountain": "Huyện"}


@dataclass
class District:
    """What is known of a district apart from its shape."""

    number: int
    kind: str
    name: str
    full_name: str
    code: str
    slug: str
    prefix: str
    scale: int
    seat: str


def names_of(kind: str) -> list[str]:
    """Return all names of a kind, in the order of the table."""
    return [row["name"] for row in read_table(DEMO / "names.csv") if row["kind"] == kind]


def plain_letters(name: str) -> str:
    """Return a name in small ASCII letters with underscores: "Đông Lạc" -> "dong_lac"."""
    return "_".join(without_accents(name).lower().split())


def name_districts(kinds: list[str], scales: list[int], random: np.random.Generator) -> list[District]:
    """Return a district for each kind, in order; names and key prefixes differ."""
    pools = {kind: random.permutation(np.array(names_of(kind), dtype=object)).tolist() for kind in sorted(TITLES)}
    found: list[District] = []
    prefixes: set[str] = set()
    for number, (kind, scale) in enumerate(zip(kinds, scales)):
        pool = pools[kind]
        name = pool.pop() if pool else f"{TITLES[kind]} {number + 1}"
        slug = plain_letters(name)
        words = slug.upper().split("_")
        prefix = "".join(word[0] for word in words)
        for letter in words[-1][1:] + "XYZ":
            if prefix not in prefixes:
                break
            prefix = "".join(word[0] for word in words) + letter
        prefixes.add(prefix)
        seat = f"TP. {name}" if kind == "city" else f"TX. {name}" if kind == "town" else f"TT. {name}"
        code = f"H{number + 1:02d}"
        found.append(District(number, kind, name, f"{TITLES[kind]} {name}", code, slug, prefix, scale, seat))
    return found
