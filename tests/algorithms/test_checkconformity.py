"""checkconformity in QGIS: lines with a width, the two tables on request, the styled zones, refusals that say what to do."""

from __future__ import annotations

import pytest
from planconcord.engine.errors import PlanError
from planconcord.qgis_bridge.styling_verdicts import style_verdicts_layer
from qgis.core import QgsFeature, QgsGeometry, QgsVectorLayer

from .conftest import ORIGIN, Outcome, layer, opened, run, square

X, Y = ORIGIN
RICE, FOREST, PADDY = "Z_LUA", "RSX", "LUC"


def roads(
    widths: list[object], kind: str = "LineString", shape: str = f"LINESTRING({X} {Y + 50},{X + 400} {Y + 50})"
) -> QgsVectorLayer:
    made = QgsVectorLayer(f"{kind}?crs=EPSG:5899&field=ma:string&field=rong:string", "roads", "memory")
    for width in widths:
        feature = QgsFeature(made.fields())
        feature.setAttributes([RICE, width])
        feature.setGeometry(QgsGeometry.fromWkt(shape))
        made.dataProvider().addFeature(feature)
    return made


def check(upper: QgsVectorLayer, lower: list | None = None, **more: object) -> Outcome:
    zones = lower or [(square(0, 0), "a", FOREST), (square(100, 0), "b", PADDY)]
    fields = {"LOWER_KEY": "so", "LOWER_CODE": "ma", "UPPER_CODE": "ma", "WORKING_CRS": "EPSG:5899"}
    return run("checkconformity", {"LOWER": layer(zones), "UPPER": upper, **fields, **more})


@pytest.mark.parametrize(
    "given", [{"UPPER_WIDTH": 20}, {"UPPER_WIDTH_FIELD": "rong"}, {"UPPER_WIDTH_FIELD": "rong", "UPPER_WIDTH": 3}]
)
def test_lines_become_corridors(given: dict[str, object]) -> None:
    found = check(roads(["20 m"]), **given)
    assert found.ok, found.error
    assert (found["CONFLICT_COUNT"], found["UNPLANNED_COUNT"]) == (1, 0)
    assert found["CONFLICT_AREA"] == pytest.approx(2000)


def test_points_become_discs() -> None:
    found = check(roads([None], "Point", f"POINT({X + 50} {Y + 50})"), UPPER_RADIUS=10)
    assert found["CONFLICT_AREA"] == pytest.approx(3.14159 * 100, rel=0.003)


@pytest.mark.parametrize(
    ("given", "said"),
    [({}, "UPPER_WIDTH"), ({"UPPER_WIDTH_FIELD": "rong"}, "(wide)"), ({"UPPER_RADIUS": 5}, "UPPER_WIDTH")],
)
def test_lines_without_a_width_are_refused(given: dict[str, object], said: str) -> None:
    found = check(roads(["wide"]), LANGUAGE="en", **given)
    assert not found.ok and said in found.error


def test_the_tables_are_made_only_where_asked_for() -> None:
    found = check(roads(["20"]), UPPER_WIDTH=20)
    assert not {"CROSS_TABLE", "ZONES"} & set(found.results)
    found = check(roads(["20"]), UPPER_WIDTH=20, CROSS_TABLE="memory:", ZONES="memory:")
    pairs, zones = (opened(found[name], found.context) for name in ("CROSS_TABLE", "ZONES"))
    hectares = {(f["upper_code"], f["lower_code"], f["verdict"]): round(f["area_ha"], 4) for f in pairs.getFeatures()}
    assert hectares == {(RICE, FOREST, "conflict"): 0.2, (RICE, PADDY, "compatible"): 0.2}
    told = {f["key"]: (f["verdict"], round(f["conflict_share"], 4)) for f in zones.getFeatures()}
    assert told == {"a": ("conflict", 0.2), "b": ("compatible", 0.0)}
    assert zones.crs().authid() == "EPSG:5899"
    style_verdicts_layer(zones, "vi")
    legend = [category.label() for category in zones.renderer().categories()]
    assert legend[0] == "Mâu thuẫn" and len(legend) == 7
    with pytest.raises(PlanError):
        style_verdicts_layer(layer([(square(0, 0), "a", "b")]), "vi")
