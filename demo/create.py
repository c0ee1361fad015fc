"""Make the demo province: a fictional coastal province with plans that nearly agree, and the truth
about where they do not.

In: a folder, a seed, the number of zones, the language of progress messages. Out: the register's
path; beside it lie the district plans, the provincial plan, the boundaries, the background and the
truth tables. Raises PlanError for a folder that is not ours or a size out of range, Cancelled when
the person stops it; the folder is then as it was.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from ..engine.catalogue import text
from ..engine.errors import PlanError
from ..engine.progress import Progress
from .background import write_background, write_boundaries
from .bad_files import write_bad_files
from .borders import border_frame
from .district_files import Made, make_district
from .district_plan import need, whole_regions
from .files import fresh_folder, note_files, write_polygons, write_table
from .names import District, name_districts, names_of
from .network import DISTRICTS, Network, city_of, make_network
from .overlay import unplanned_ground
from .provincial_files import write_provincial
from .provincial_plan import make_provincial_plan
from .regions import Regions, make_regions
from .register import register_frame
from .terrain import Terrain, make_terrain
from .truth import summary_frame, truth_frame
from .zoning import Pattern, make_pattern

LEAST_SIZE, MOST_SIZE = 2_000, 1_000_000
SMALLEST_DISTRICT_M2 = 6e7
LANGUAGES = ("vi", "en")
ROWS_ADDED = 7  # by the planted defects of one round


def create_demo(
    folder: Path | str,
    seed: int = 1,
    size: int = 2_000,
    language: str = "vi",
    progress: Progress | None = None,
    bad_files: bool = False,
) -> Path:
    """Write the demo province into ``folder``; see the module. ``bad_files``: and a folder of its
    plans as they really arrive.
    """
    progress = progress or Progress()
    folder = Path(folder)
    if not LEAST_SIZE <= size <= MOST_SIZE:
        raise PlanError("demo.size", size=size, least=LEAST_SIZE, most=MOST_SIZE)
    with fresh_folder(folder) as part:
        _write(part, int(seed), int(size), language, progress, bad_files)
    return folder / "register.csv"


def _write(folder: Path, seed: int, size: int, language: str, progress: Progress, bad_files: bool) -> None:
    def tell(fraction: float, key: str, **values: object) -> None:
        progress.step(fraction, text(key, language, **values))
        progress.checkpoint()

    tell(0.0, "demo.step.terrain")
    terrain, network, pattern = _land(seed)
    tell(0.12, "demo.step.regions")
    regions, surroundings = make_regions(terrain, network, pattern, size)
    tell(0.18, "demo.step.provincial")
    plan = make_provincial_plan(regions, terrain.seed)
    unplanned = unplanned_ground(plan)
    whole = [whole_regions(regions.take(regions.district == k)) for k in range(len(network.towns))]
    random = np.random.default_rng(terrain.seed)
    districts = _name(terrain, network, whole, random)
    rounds = int(np.clip(round((size / 2_000) ** 0.35), 1, 8))
    wanted = _shares(whole, size, rounds)
    made: list[Made] = []
    for district, mine, count in zip(districts, whole, wanted):
        tell(0.2 + 0.7 * len(made) / len(districts), "demo.step.district", district=district.full_name, zones=count)
        town = network.towns[district.number]
        made.append(
            make_district(folder, district, mine, terrain, pattern, plan, unplanned, count, rounds, town, progress)
        )
    tell(0.92, "demo.step.files")
    province = str(random.choice(np.array(names_of("province"), dtype=object)))
    write_provincial(folder, plan)
    ground = [shapely.coverage_union_all(mine.geometry) for mine in whole]
    outline = shapely.coverage_union_all(np.array(ground, dtype=object))
    write_boundaries(folder, districts, [m.boundary for m in made], outline, province)
    write_background(folder, districts, network, surroundings, outline)
    write_table(folder / "register.csv", register_frame(districts, province))
    write_table(folder / "truth_borders.csv", border_frame(ground, districts, terrain.seed))
    _write_truth(folder, made)
    if bad_files:
        tell(0.96, "demo.step.bad_files")
        write_bad_files(folder, districts, province)
    zones = sum(int(m.measures["rows"]) for m in made)
    both = "\n".join(text("demo.mark", word, province=province, seed=seed, zones=zones) for word in LANGUAGES)
    note_files(folder, both + "\n")
    tell(1.0, "demo.step.files")


def _land(seed: int) -> tuple[Terrain, Network, Pattern]:
    """Return the land of a seed; one on which a district came out too small is passed over for the
    next.
    """
    for attempt in range(20):
        # Negative and huge seeds are welcome; hashing wants small whole numbers.
        terrain = make_terrain((seed + 7_919 * attempt) % 1_000_003 + 1)
        network = make_network(terrain)
        pattern = make_pattern(terrain, network)
        inside = pattern.district >= 0
        area = np.bincount(pattern.district[inside], weights=pattern.cells.area_m2[inside], minlength=DISTRICTS)
        if area.min() > SMALLEST_DISTRICT_M2:
            break
    return terrain, network, pattern


def _write_truth(folder: Path, made: list[Made]) -> None:
    truth = truth_frame([row for m in made for row in m.truth])
    table = truth.drop(columns="geometry")
    write_table(folder / "truth.csv", table)
    write_table(folder / "truth_summary.csv", summary_frame(truth))
    write_table(folder / "truth_measures.csv", pd.DataFrame([m.measures for m in made]))
    placed = truth["geometry"].notna()
    # Places in the file are for tests; a layer has no column of whole numbers with blanks that
    # every driver writes.
    shown = [name for name in table.columns if not name.startswith("fid_")]
    columns = {name: table.loc[placed, name].to_list() for name in shown}
    write_polygons(folder / "truth.gpkg", "truth", columns, truth.loc[placed, "geometry"].to_numpy())


def _name(terrain: Terrain, network: Network, whole: list[Regions], random: np.random.Generator) -> list[District]:
    """Kind, name and scale of each district; the last one is the island."""
    city = city_of(terrain, network.towns)
    kinds, scales, heights = [], [], []
    for mine in whole:
        inner = shapely.point_on_surface(mine.geometry)
        height = terrain.sample(terrain.height_m, shapely.get_x(inner), shapely.get_y(inner))
        area = shapely.area(mine.geometry)
        heights.append(float(np.average(height, weights=area)))
        scales.append(25_000 if area.sum() > 4.2e8 and heights[-1] > 230 else 10_000)
        kinds.append("mountain" if heights[-1] > 140 else "plain")
    kinds[city], scales[city], kinds[-1] = "city", 10_000, "island"
    lowest = [k for k in np.argsort(heights).tolist() if k not in (city, len(kinds) - 1)]
    kinds[lowest[0]] = "town"
    return name_districts(kinds, scales, random)


def _shares(whole: list[Regions], size: int, rounds: int) -> list[int]:
    """Return how many zones each district's plan gets before defects are planted, so that all
    together are ``size``.
    """
    least = np.array([len(mine.geometry) for mine in whole])
    demand = np.array([need(mine).sum() for mine in whole])
    free = max(0, size - int(least.sum()) - len(whole) * rounds * ROWS_ADDED)
    part = np.floor(free * np.cumsum(demand) / demand.sum() + 0.5).astype(int)
    return (least + np.diff(part, prepend=0)).tolist()
