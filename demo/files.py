"""The demo's files: GeoPackages, CSV tables, and a folder that appears only when it is complete.

In: frames and a target folder. Out: files with fields in an order a planner expects. A folder that
is not empty and was not written by this demo is refused with PlanError; a demo folder is replaced
only by a complete new one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..engine.errors import PlanError
from ..engine.tables.writing import LOGS, SHOWN, replaced

CRS = "EPSG:5899"
MARK = "DEMO.txt"
FILES = "\n––––––––––\n"
"""Stands in the mark before the names of all files of the demo."""
PASSING = (*LOGS, ".qmd", ".aux.xml")
"""What programs put beside a layer for themselves."""


@contextmanager
def fresh_folder(folder: Path) -> Iterator[Path]:
    """A sibling folder to write into; it takes the place of ``folder`` when the block ends well."""
    require_own_folder(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
            part, old = Path(beside) / "new", Path(beside) / "old"
            part.mkdir()
            yield part
            require_own_folder(folder)  # hours may have passed
            if folder.exists():
                folder.rename(old)
            try:
                part.rename(folder)
            except OSError:
                if old.exists():
                    old.rename(folder)
                raise
    except OSError as error:
        raise PlanError("demo.not_written", folder=folder, reason=error.strerror or error) from error


def require_own_folder(folder: Path) -> None:
    """Raise PlanError for a folder that holds anything but a demo: what somebody has put there
    would go with it.
    """
    if folder.exists() and not folder.is_dir():
        raise PlanError("demo.not_a_folder", folder=folder)
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    if not (folder / MARK).is_file():
        raise PlanError("demo.foreign_folder", folder=folder, mark=MARK)
    made = {line.strip() for line in (folder / MARK).read_text(encoding="utf-8", errors="replace").splitlines()}
    others = sorted(name for name in _names(folder) if name not in made and not name.endswith(PASSING))
    if others:
        listed = ", ".join(others[:SHOWN]) + (" …" if len(others) > SHOWN else "")
        raise PlanError("demo.others_files", folder=folder, count=len(others), found=listed)


def note_files(folder: Path, head: str = "", made: Iterable[str] = ()) -> None:
    """Write into the mark which files are the demo's: with a ``head`` all that are there now, else
    those of ``made`` too.
    """
    place = folder / MARK
    if head:
        known = _names(folder)
    else:
        head, _, listed = (place.read_text(encoding="utf-8") if place.is_file() else "").partition(FILES)
        known = {*listed.splitlines(), *made}
    with replaced(place, None) as staged:
        staged.write_text(head + FILES + "\n".join(sorted({*known, MARK})) + "\n", encoding="utf-8")


def _names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def write_polygons(path: Path, layer: str, columns: Mapping[str, object], geometry: np.ndarray) -> None:
    """A layer of multipolygons, null geometries kept."""
    write_layer(path, layer, columns, multipolygons(geometry))


def multipolygons(geometry: np.ndarray) -> np.ndarray:
    """Polygons as multipolygons of one, everything else as it is: a layer has one geometry type."""
    several = np.array(geometry, dtype=object)
    single = np.flatnonzero(shapely.get_type_id(several) == 3)
    if len(single):
        several[single] = shapely.multipolygons(several[single], indices=np.arange(len(single)))
    return several


def write_layer(path: Path, layer: str, columns: Mapping[str, object], geometry: np.ndarray) -> None:
    """A layer of any geometry."""
    frame = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(list(geometry), crs=CRS), crs=CRS)
    frame.to_file(path, layer=layer, driver="GPKG", index=False, VERSION="1.2")


def write_table(path: Path, frame: pd.DataFrame) -> None:
    """A CSV that Excel opens with Vietnamese letters in place."""
    frame.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")
