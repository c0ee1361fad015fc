"""Drafts 2 and 3 of the demo's district plans: known edits of draft 1, then all of it digitised
again.

In: a finished demo folder, a seed, the error of digitising in metres. Out: for each district a
GeoPackage ``NAME_lan2.gpkg`` and ``NAME_lan3.gpkg`` with new row numbers, and
``truth_drafts.gpkg``: what became of each planted place in each draft. In draft 2 some conflicts,
overlaps, gaps and overhangs are fixed, grown, moved or split and new ones appear; in draft 3 fixed
ones come back. Vertices that zones share move together, so a coverage stays one. Raises PlanError
for a folder without the demo.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from ..engine.errors import PlanError
from ..engine.planar.polygons import polygonal
from ..engine.progress import Progress
from .drafts_edits import DraftPlan, Edits, Place
from .files import CRS, multipolygons, note_files, write_layer
from .noise import hash_pair, uniform

SIGMA_M = 0.3
DRAFTS = (2, 3)
RULES = (
    "coverage.overlap",
    "coverage.gap",
    "coverage.outside",
    "conformity.conflict",
    "conformity.conditional",
    "conformity.unplanned",
)


@dataclass
class Truth:
    """What became of every place: rows of ``truth_drafts.gpkg``."""

    rows: list[dict[str, object]] = field(default_factory=list)

    def note(self, plan_id: str, draft: int, places: dict[str, Place]) -> None:
        """Where each place is now, and what was done to it in this draft."""
        for name, place in places.items():
            self.rows.append(
                {
                    "defect_id": name,
                    "draft": draft,
                    "plan_a": plan_id,
                    "rule": place.rule,
                    "noise": place.noise,
                    "fate": place.fate,
                    "edit": place.edit,
                    "geometry": place.ground,
                }
            )

    def frame(self) -> gpd.GeoDataFrame:
        """Return all rows; what is gone has no geometry."""
        return gpd.GeoDataFrame(pd.DataFrame(self.rows), geometry="geometry", crs=CRS)


def make_drafts(
    folder: Path, seed: int = 1, sigma_m: float = SIGMA_M, plans: tuple[str, ...] = (), progress: Progress | None = None
) -> Path:
    """Write the drafts of the demo in ``folder`` (of ``plans`` only, if given); the path of their
    truth.
    """
    progress, folder, truth = progress or Progress(), Path(folder), Truth()
    if not (folder / "register.csv").is_file() or not (folder / "truth.gpkg").is_file():
        raise PlanError("demo.no_demo", folder=folder)
    register = pd.read_csv(folder / "register.csv", dtype=str, encoding="utf-8-sig")
    districts = register[register["level"] == "district"]
    if plans:
        districts = districts[districts["plan_id"].isin(plans)]
    known = pyogrio.read_dataframe(folder / "truth.gpkg")
    upper = pyogrio.read_dataframe(folder / "quy_hoach_tinh.gpkg")
    made: list[str] = []
    for done, row in enumerate(districts.to_dict("records")):
        progress.checkpoint()
        progress.step(done / len(districts))
        name = row["source"].split(".gpkg")[0]
        random = np.random.default_rng([seed, done])
        plan = _plan(folder / f"{name}.gpkg", known[known["plan_a"] == row["plan_id"]], float(row["scale"]))
        truth.note(row["plan_id"], 1, plan.places)
        edits = Edits(plan, upper, random)
        for draft in DRAFTS:
            edits.apply(draft)
            truth.note(row["plan_id"], draft, plan.places)
            made.append(f"{name}_lan{draft}.gpkg")
            _write(folder / made[-1], plan, random, seed * 10 + draft, sigma_m)
    path = folder / "truth_drafts.gpkg"
    frame = truth.frame()
    columns = {column: frame[column].to_list() for column in frame.columns if column != "geometry"}
    write_layer(path, "truth_drafts", columns, multipolygons(frame.geometry.to_numpy()))
    note_files(folder, made=[*made, path.name])
    return path


def _plan(path: Path, known: gpd.GeoDataFrame, scale: float) -> DraftPlan:
    zones = pyogrio.read_dataframe(path)
    shapes = np.asarray(zones.geometry.values, dtype=object)
    fixed = shapes.copy()
    wrong = ~shapely.is_missing(shapes) & ~shapely.is_valid(shapes)
    fixed[wrong] = polygonal(shapely.make_valid(shapes[wrong]))
    known = known[known["rule"].isin(RULES)]
    places = {
        row["defect_id"]: Place(
            row["rule"], row["kind"], bool(row["noise"]), row["zone_a"], row["zone_b"], row["code_b"], row["geometry"]
        )
        for row in known.to_dict("records")
    }
    return DraftPlan(zones.drop(columns="geometry").to_dict("records"), list(shapes), fixed, places, scale * 0.0005)


def _write(path: Path, plan: DraftPlan, random: np.random.Generator, seed: int, sigma_m: float) -> None:
    """The plan as a new office would deliver it: other row numbers, every vertex a little
    elsewhere.
    """
    order = random.permutation(len(plan.rows))
    shapes = digitised_again(multipolygons(np.array(plan.geometry, dtype=object)[order]), seed, sigma_m)
    columns = {name: [plan.rows[row].get(name) for row in order] for name in plan.rows[0]}
    write_layer(path, path.stem, columns, shapes)


def digitised_again(shapes: np.ndarray, seed: int, sigma_m: float) -> np.ndarray:
    """Return the same outlines, every place moved by a normal error in x and in y; equal
    coordinates stay equal.
    """
    shapes = np.array(shapes, dtype=object)
    places = shapely.get_coordinates(shapes)
    x, y = np.round(places * 1000).astype(np.int64).T
    one, two = (uniform(hash_pair(x, y, seed + turn)) for turn in (1, 2))
    radius, angle = np.sqrt(-2.0 * np.log(np.maximum(one, 1e-12))), 2.0 * np.pi * two
    moved = places + sigma_m * np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return np.asarray(shapely.set_coordinates(shapes, np.round(moved, 3)), dtype=object)
