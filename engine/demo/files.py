"""The demo's files: GeoPackages, CSV tables, and a folder that appears only when it is complete.

In: frames and a target folder. Out: files with fields in an order a planner expects. A folder that is not empty and was
not made by this demo is refused with PlanError; a demo folder is replaced only by a complete new one.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..errors import PlanError

CRS = "EPSG:5899"
MARK = "DEMO.txt"


@contextmanager
def fresh_folder(folder: Path) -> Iterator[Path]:
    """A sibling folder to write into; it takes the place of ``folder`` when the block ends well."""
    if folder.exists() and not folder.is_dir():
        raise PlanError("demo.not_a_folder", folder=folder)
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise PlanError("demo.foreign_folder", folder=folder, mark=MARK)
    part = folder.with_name(folder.name + ".part")
    old = folder.with_name(folder.name + ".old")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        yield part
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
        part.rename(folder)
    except OSError as error:
        if old.is_dir() and not folder.exists():
            old.rename(folder)
        raise PlanError("demo.not_written", folder=folder, reason=error.strerror or error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


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
