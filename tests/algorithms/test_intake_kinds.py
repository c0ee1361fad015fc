"""Values keep their kinds through QGIS as well: from a layer, saved or not, to every sink, or the log tells. What QGIS does not read is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from intake_files import write
from intake_files import zones as drawn
from planconcord.engine.catalogue import text
from qgis.core import NULL, QgsVectorLayer
from qgis.PyQt.QtCore import QDate, QDateTime, QMetaType, Qt, QTime

from .conftest import layer, opened, run, saved, square

LONG = 900_000_000_000_000_001
MOMENT = QDateTime(QDate(2024, 2, 29), QTime(13, 14, 15), Qt.TimeSpec.UTC)
FIELDS = (
    "field=so:int8&field=dung:bool&field=ngay:date&field=luc:datetime&field=dt:double&field=ma:string&field=i:integer"
)
ROWS = [
    (square(0, 0), LONG, True, QDate(2024, 2, 29), MOMENT, 1.5, "LUC", 7),
    (square(100, 0), NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (square(200, 0), LONG + 1, False, QDate(1999, 12, 31), MOMENT.addDays(1), 2.0, "ONT", -7),
]
KINDS = {
    "so": QMetaType.Type.LongLong,
    "dung": QMetaType.Type.Bool,
    "ngay": QMetaType.Type.QDate,
    "luc": QMetaType.Type.QDateTime,
    "dt": QMetaType.Type.Double,
    "ma": QMetaType.Type.QString,
    "i": QMetaType.Type.LongLong,
}


def as_read(value: object) -> object:
    """A value whose NULL is None, and whose moments are UTC."""
    if value is None or value == NULL or (hasattr(value, "isNull") and value.isNull()):
        return None
    return value.toUTC().toString("yyyy-MM-dd HH:mm:ss") if isinstance(value, QDateTime) else value


@pytest.mark.parametrize("sink", ["memory:", "o.gpkg", "o.geojson"])
@pytest.mark.parametrize("source", ["memory", "file"])
def test_kinds_and_values_survive_prepareplan(source: str, sink: str, tmp_path: Path) -> None:
    given = layer(ROWS, FIELDS)
    if source == "file":
        given = saved(given, tmp_path / "plan.gpkg", "GPKG")
    place = sink if sink == "memory:" else str(tmp_path / sink)
    done = run("prepareplan", {"INPUT": given, "OUTPUT": place, "LANGUAGE": "en"})
    assert done.ok and done["CHANGED"] is False, done.error
    made = opened(done["OUTPUT"], done.context)
    fields = {field.name(): QMetaType.Type(field.type()) for field in made.fields()}
    smaller = {QMetaType.Type.Int: QMetaType.Type.LongLong}  # a GeoJSON says the size of its numbers by their values
    assert {name: smaller.get(fields[name], fields[name]) for name in KINDS} == KINDS
    assert text("note.fields_cut", "en", name="OUTPUT", count=1, listed="x")[20:60] not in done.log
    found = [[as_read(feature[name]) for name in KINDS] for feature in made.getFeatures()]
    assert found == [[as_read(value) for value in row[1:]] for row in ROWS]


def test_what_a_format_cannot_keep_is_told(tmp_path: Path) -> None:
    given = {"INPUT": layer(ROWS, f"{FIELDS}&field=loaidathientrang:string"), "LANGUAGE": "en"}
    given["INPUT"].startEditing()
    for feature in given["INPUT"].getFeatures():
        given["INPUT"].changeAttributeValue(feature.id(), 7, "x")
    assert given["INPUT"].commitChanges()
    done = run("prepareplan", {**given, "OUTPUT": str(tmp_path / "o.shp")})
    assert done.ok, done.error
    [line] = [line for line in done.log.splitlines() if "another kind of value" in line]
    assert {"dung", "luc", "loaidathientrang"} <= set(line.split("(")[1].split(")")[0].split(", "))
    done = run("prepareplan", {**given, "OUTPUT": str(tmp_path / "o.gpkg")})
    assert done.ok and "another kind of value" not in done.log


def test_long_numbers_name_zones_in_every_output(tmp_path: Path) -> None:
    plan = layer(ROWS, FIELDS)
    upper = layer([(square(0, 0, 300, 100), "1", "ODT")])
    given = {"LOWER": plan, "LOWER_KEY": "so", "LOWER_CODE": "ma", "UPPER": upper, "UPPER_CODE": "ma"}
    done = run("checkconformity", {**given, "FINDINGS": "memory:", "ZONES": "memory:"})
    assert done.ok, done.error
    keys = [feature["key"] for feature in opened(done["ZONES"], done.context).getFeatures()]
    assert {str(LONG), str(LONG + 1)} <= set(keys) and len(set(keys)) == 3
    after = layer([(row[0], LONG + 5, *row[2:]) for row in ROWS], FIELDS)
    given = {"BEFORE": plan, "BEFORE_CODE": "ma", "AFTER": after, "AFTER_CODE": "ma", "CHANGES": "memory:"}
    done = run("comparedrafts", given)
    assert done.ok, done.error
    told = [feature["detail"] for feature in opened(done["CHANGES"], done.context).getFeatures()]
    assert any(str(LONG) in detail and str(LONG + 5) in detail for detail in told)
    assert any(str(LONG + 1) in detail for detail in told)


def test_two_fields_of_one_name_are_read_by_both_in_qgis_as_on_the_command_line(tmp_path: Path) -> None:
    frame = drawn(3).rename(columns={"ten": "m2"})
    path = write(tmp_path, "shp", frame.assign(so=["1", "2", "3"]))
    table = path.with_suffix(".dbf")
    table.write_bytes(table.read_bytes().replace(b"m2\0", b"ma\0", 1))
    for code, expected in (("ma", {"LUC", "ONT"}), ("ma_1", {"Đất trồng lúa nước", "Đất ở tại nông thôn"})):
        plan = QgsVectorLayer(str(path), "quy hoạch", "ogr")
        assert plan.fields().names() == ["ma", "ma_1", "so"]
        given = {"LOWER": plan, "LOWER_KEY": "so", "LOWER_CODE": code, "UPPER_CODE": "ma", "FINDINGS": "memory:"}
        upper = layer([(square(0, 0, 300, 100), "1", "ODT")])
        done = run("checkconformity", {**given, "UPPER": upper, "ZONES": "memory:"})
        assert done.ok, done.error
        codes = {feature["code"] for feature in opened(done["ZONES"], done.context).getFeatures()}
        assert expected <= codes, (code, codes)


def test_a_field_called_geometry_and_a_list_of_codes(tmp_path: Path) -> None:
    plan = layer([(square(0, 0), "LUC"), (square(100, 0), "ONT")], "field=geometry:string")
    done = run("prepareplan", {"INPUT": plan, "OUTPUT": "memory:", "CODE_FIELD": "geometry"})
    assert done.ok and done["CHANGED"] is True, done.error
    names = [feature["geometry_"] for feature in opened(done["OUTPUT"], done.context).getFeatures()]
    assert names == ["LUC", "ONT"]
    done = run("checkcoverage", {"INPUT": plan, "CODE_FIELD": "geometry", "FINDINGS": "memory:"})
    assert done.ok and not done.of_rule("code.missing"), done.error
    listed = layer([(square(0, 0), ["ODT", "TMD"]), (square(50, 0), ["LUC"])], "field=ma:string[]")
    done = run("checkcoverage", {"INPUT": listed, "CODE_FIELD": "ma", "FINDINGS": "memory:"})
    [overlap] = done.of_rule("coverage.overlap")
    assert {overlap["code_a"], overlap["code_b"]} == {"ODT, TMD", "LUC"}


def test_a_hole_that_qgis_does_not_read_is_told(tmp_path: Path) -> None:
    def ring(x: float, width: float) -> str:
        corners = [(x, x), (x + width, x), (x + width, x + width), (x, x + width), (x, x)]
        places = " ".join(f"{107 + e / 1000!r},{21 + n / 1000!r}" for e, n in corners)
        return f"<LinearRing><coordinates>{places}</coordinates></LinearRing>"

    shape = (
        f"<outerBoundaryIs>{ring(0, 10)}</outerBoundaryIs><innerBoundaryIs>{ring(1, 1)}{ring(4, 1)}</innerBoundaryIs>"
    )
    path = tmp_path / "plan.kml"
    path.write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>x</name>'
        f"<Polygon>{shape}</Polygon></Placemark></Document></kml>",
        encoding="utf-8",
    )
    plan = QgsVectorLayer(str(path), "quy hoạch", "ogr")
    done = run("checkcoverage", {"INPUT": plan, "FINDINGS": "memory:", "LANGUAGE": "en"})
    assert done.ok, done.error
    read = [feature.geometry() for feature in plan.getFeatures()]
    told = text("intake.lost_rings", "en", layer="plan", count=1).split(":", 1)[1]
    assert sum(shape.constGet().childCount() for shape in read) and told in done.log
    done = run("prepareplan", {"INPUT": plan, "OUTPUT": "memory:"})
    [made] = opened(done["OUTPUT"], done.context).getFeatures()
    assert made.geometry().constGet().nCoordinates() == 15
