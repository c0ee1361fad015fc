"""A plugin of one algorithm, `probe:libraries`, that does under the guard what crashes QGIS without it.

STEPS names the steps and their order; each prints what it found, on data of the size of a district's plan. It is copied into
the profile of a test and loaded by QGIS, never by pytest. PROBE_ARRIVING_LIBRARIES is a folder that comes into the profile
after the guard has missed it, as when a person runs the command while QGIS is open.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from planconcord.qgis_bridge.libraries import ensure_libraries, libraries_folder, missing
from qgis.core import (
    QgsApplication,
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingParameterString,
    QgsProcessingProvider,
)

CELL_M = 50.0


def squares(count_a_side, shift_m=0.0):
    """A sheet of squares with a vertex every metre."""
    import numpy as np
    import shapely

    x, y = (axis.ravel() * CELL_M + shift_m for axis in np.mgrid[:count_a_side, :count_a_side])
    return shapely.segmentize(shapely.box(x, y, x + CELL_M, y + CELL_M), 1.0)


def file_of_squares():
    """A GeoPackage with a sheet of squares, written by geopandas."""
    import geopandas

    path = Path(tempfile.mkdtemp(), "ô vuông.gpkg")
    geopandas.GeoDataFrame(geometry=squares(40), crs=5899).to_file(path)
    return path


def coverage():
    import shapely

    sheet = shapely.set_precision(squares(50), 0.001)
    united = shapely.coverage_union_all(sheet)
    return f"{len(sheet)} {shapely.coverage_is_valid(sheet)} {shapely.area(united):.0f}"


def overlay():
    import shapely

    below, above = squares(40, 7.3), squares(40)
    one, other = shapely.STRtree(above).query(below, predicate="intersects")
    pieces = shapely.intersection(below[one], above[other])
    rest = shapely.difference(shapely.union_all(below), shapely.union_all(above))
    bowtie = shapely.make_valid(shapely.from_wkt("POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))"))
    return f"{len(pieces)} {shapely.area(pieces).sum():.2f} {shapely.area(rest):.2f} {bowtie.geom_type}"


def projection():
    import pyproj

    transformer = pyproj.Transformer.from_crs(4326, 5899, always_xy=True)
    x, y = transformer.transform(108.0, 15.0)
    return f"{x:.2f} {y:.2f} {pyproj.CRS.from_epsg(5899).name}"


def pyogrio_read():
    import pyogrio

    frame = pyogrio.read_dataframe(file_of_squares())
    return f"{len(frame)} {frame.crs.to_epsg()}"


def fiona_read():
    import fiona

    with fiona.open(file_of_squares()) as source:
        return f"{len(list(source))} {source.crs.to_epsg()}"


def geopandas_overlay():
    import geopandas

    frame = geopandas.read_file(file_of_squares(), engine="fiona").to_crs(32649)
    return f"{len(geopandas.overlay(frame, frame.iloc[:100]))}"


STEPS = {step.__name__: step for step in (coverage, overlay, projection, pyogrio_read, fiona_read, geopandas_overlay)}


class Libraries(QgsProcessingAlgorithm):
    def createInstance(self):
        return Libraries()

    def name(self):
        return "libraries"

    def displayName(self):
        return "libraries"

    def initAlgorithm(self, configuration=None):
        self.addParameter(QgsProcessingParameterString("STEPS", "steps", defaultValue=",".join(STEPS)))

    def prepareAlgorithm(self, parameters, context, feedback):
        sentence = missing()
        arriving = os.environ.get("PROBE_ARRIVING_LIBRARIES")
        if sentence and arriving:
            libraries_folder().parent.mkdir()
            libraries_folder().symlink_to(arriving)
            sentence = missing()
        if sentence:
            raise QgsProcessingException(sentence)
        return True

    def processAlgorithm(self, parameters, context, feedback):
        found = {}
        for name in self.parameterAsString(parameters, "STEPS", context).split(","):
            feedback.pushInfo(f"step {name}")
            found[name] = STEPS[name]()
        return found


class Probe(QgsProcessingProvider):
    def id(self):
        return "probe"

    def name(self):
        return "probe"

    def loadAlgorithms(self):
        self.addAlgorithm(Libraries())


class Plugin:
    def initProcessing(self):
        self.provider = Probe()
        QgsApplication.processingRegistry().addProvider(self.provider)

    initGui = initProcessing

    def unload(self):
        QgsApplication.processingRegistry().removeProvider(self.provider)


def classFactory(iface):
    ensure_libraries()
    return Plugin()
