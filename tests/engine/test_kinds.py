"""Values keep their kinds from a file to every file that is written of it, or the report tells: whole numbers, days, truth values, names.

The oracle is SQLite itself, asked for the declared types and the stored values of the GeoPackages.
"""

from __future__ import annotations

import datetime
import sqlite3
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyogrio.raw
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planconcord.cli.checks import main
from planconcord.engine.intake.preparing import PreparationOptions, prepare, zones_of
from planconcord.engine.intake.results import prepared_numbers, zone_columns
from planconcord.engine.intake.rows import present_names
from planconcord.engine.kinds import BOOLEAN, DATE, INTEGER, MOMENT, REAL, TEXT, arrays, kind_of, plain_values, text_of

LONG = 900_000_000_000_000_001
UTC = datetime.timezone.utc
VALUES: dict[str, Any] = {
    INTEGER: st.integers(-(2**63) + 1, 2**63 - 1),
    REAL: st.floats(allow_nan=False, allow_infinity=False),
    BOOLEAN: st.booleans(),
    TEXT: st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
    DATE: st.dates(datetime.date(1, 1, 1), datetime.date(9999, 12, 31)),
    MOMENT: st.datetimes(
        datetime.datetime(1900, 1, 1), datetime.datetime(2200, 1, 1), timezones=st.sampled_from([None, UTC])
    ).map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)),
}
DECLARED = {INTEGER: "INTEGER", REAL: "REAL", BOOLEAN: "BOOLEAN", TEXT: "TEXT", DATE: "DATE", MOMENT: "DATETIME"}
NUMPY = {INTEGER: np.int64, BOOLEAN: bool, REAL: float}


def squares(count: int) -> np.ndarray:
    east = 484_000.0 + 100 * np.arange(count)
    return np.asarray(shapely.box(east, 2_361_000.0, east + 100, 2_361_100.0), dtype=object)


def written(path: Path, columns: dict[str, tuple[str, list[Any]]], driver: str = "GPKG", **options: Any) -> Path:
    """A file with fields of these kinds and values, made without anything of the product."""
    count = len(next(iter(columns.values()))[1])
    data, masks, zones = [], [], {}
    for name, (kind, values) in columns.items():
        empty = np.array([value is None for value in values])
        if kind in NUMPY:
            data.append(np.array([value or 0 for value in values], dtype=NUMPY[kind]))
        elif kind in (DATE, MOMENT):
            zones[name] = np.array([100 if getattr(value, "tzinfo", None) else 0 for value in values])
            plain = [value.replace(tzinfo=None) if kind == MOMENT and value else value for value in values]
            data.append(np.array(plain, dtype="datetime64[D]" if kind == DATE else "datetime64[ms]"))
        else:
            data.append(np.array(values, dtype=object))
        masks.append(empty)
    wkb = shapely.to_wkb(squares(count))
    pyogrio.raw.write(
        path,
        wkb,
        data,
        list(columns),
        field_mask=masks,
        gdal_tz_offsets=zones,
        driver=driver,
        geometry_type="Polygon",
        crs="EPSG:5899",
        **options,
    )
    return path


def stored(path: Path, table: str) -> tuple[dict[str, str], dict[str, list[Any]]]:
    """(declared types, values) of a layer, by its fields, as SQLite has them."""
    with sqlite3.connect(path) as database:
        declared = {row[1]: row[2].split("(")[0] for row in database.execute(f'PRAGMA table_info("{table}")')}
        rows = database.execute(f'SELECT * FROM "{table}" ORDER BY fid').fetchall()
    return declared, {name: [row[place] for row in rows] for place, name in enumerate(declared)}


def as_stored(kind: str, value: Any) -> Any:
    """A value as a GeoPackage keeps it."""
    if value is None:
        return None
    if kind == MOMENT:
        return value.replace(tzinfo=None).isoformat(timespec="milliseconds") + ("Z" if value.tzinfo else "")
    return value.isoformat() if kind == DATE else int(value) if kind == BOOLEAN else value


@st.composite
def tables(draw: st.DrawFn) -> dict[str, tuple[str, list[Any]]]:
    count = draw(st.integers(1, 5))
    kinds = draw(st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=6))
    return {
        f"c{place}": (kind, draw(st.lists(st.none() | VALUES[kind], min_size=count, max_size=count)))
        for place, kind in enumerate(kinds)
    }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(columns=tables())
def test_a_table_of_any_kinds_comes_out_of_prepareplan_as_it_went_in(
    columns: dict[str, tuple[str, list[Any]]], tmp_path: Path
) -> None:
    for old in tmp_path.iterdir():
        old.unlink()
    path = written(tmp_path / "in.gpkg", columns)
    assert (
        main(["prepareplan", "--input", str(path), "--encoding", "none", "--output", str(tmp_path / "out.gpkg")]) == 0
    )
    declared, found = stored(tmp_path / "out.gpkg", "out")
    for name, (kind, values) in columns.items():
        assert declared[name] == DECLARED[kind], name
        assert found[name] == [as_stored(kind, value) for value in values], (name, kind)


@pytest.mark.parametrize("empty", [False, True])
@pytest.mark.parametrize(("ending", "driver"), [("shp", "ESRI Shapefile"), ("geojson", "GeoJSON"), ("gpkg", "GPKG")])
def test_eighteen_digits_are_told_apart_in_every_output(ending: str, driver: str, empty: bool, tmp_path: Path) -> None:
    keys = [LONG, None if empty else LONG + 3, LONG + 1]
    columns = {"so": (INTEGER, keys), "ma": (TEXT, ["LUC", "LUC", "ONT"])}
    plan = written(tmp_path / f"plan.{ending}", columns, driver)
    out = tmp_path / "o.gpkg"
    assert main(["prepareplan", "--input", str(plan), "--output", str(out)]) == 0
    assert stored(out, "o")[1]["so"] == keys
    upper = written(tmp_path / "upper.gpkg", {"so": (INTEGER, [1, 2, 3]), "ma": (TEXT, ["ONT", "LUC", "ONT"])})
    zones = tmp_path / "z.gpkg"
    given = [
        "--lower",
        str(plan),
        "--lower-key",
        "so",
        "--lower-code",
        "ma",
        "--upper",
        str(upper),
        "--upper-code",
        "ma",
    ]
    main(["checkconformity", *given, "--findings", str(tmp_path / "f.gpkg"), "--zones", str(zones)])
    told = [str(key) if key else "fid=1" if ending != "gpkg" else "fid=2" for key in keys]
    assert stored(zones, "zones")[1]["key"] == told
    changes = tmp_path / "c.gpkg"
    after = written(
        tmp_path / "after.gpkg", {"so": (INTEGER, [LONG + 9, LONG + 8, LONG + 7]), "ma": (TEXT, ["ODT"] * 3)}
    )
    drafts = ["--before", str(plan), "--before-code", "ma", "--before-key", "so"]
    drafts += ["--after", str(after), "--after-code", "ma", "--after-key", "so"]
    assert main(["comparedrafts", *drafts, "--changes", str(changes)]) == 0
    made = stored(changes, "changes")[1]
    assert sorted(zip(made["zone_before"], made["zone_after"])) == sorted(
        (key, str(number)) for key, number in zip(told, (LONG + 9, LONG + 8, LONG + 7))
    )


def test_a_long_number_that_changed_in_its_last_digit_is_a_changed_attribute(tmp_path: Path) -> None:
    before = written(tmp_path / "a.gpkg", {"so": (INTEGER, [LONG, None]), "ma": (TEXT, ["LUC", "ONT"])})
    after = written(tmp_path / "b.gpkg", {"so": (INTEGER, [LONG + 1, None]), "ma": (TEXT, ["LUC", "ONT"])})
    drafts = ["--before", str(before), "--before-code", "ma", "--after", str(after), "--after-code", "ma"]
    assert main(["comparedrafts", *drafts, "--changes", str(tmp_path / "c.gpkg")]) == 0
    [detail] = stored(tmp_path / "c.gpkg", "changes")[1]["detail"]
    assert str(LONG) in detail and str(LONG + 1) in detail


def test_numbers_that_a_decimal_cannot_hold_are_told(tmp_path: Path) -> None:
    path = written(tmp_path / "plan.gpkg", {"so": (REAL, [9e17, 1.0])})
    made = prepare(str(path), PreparationOptions())
    assert made.report.count("intake.note.numbers_rounded") == 1


def test_fields_that_cannot_keep_their_names_are_told_and_kept(tmp_path: Path) -> None:
    names = ("source_fid", "geometry", "Geom", "OGC_FID", "ma")
    columns = {name: (TEXT, [f"{name} 1", f"{name} 2"]) for name in names}
    path = written(tmp_path / "plan.geojson", columns, "GeoJSON")
    made = prepare(str(path), PreparationOptions(code_field="geometry"))
    assert made.field("geometry") == "geometry_"
    table, kinds = zone_columns(zones_of(made), made)
    kept = ["source_fid", "source_fid_", "geometry_", "Geom_", "OGC_FID_", "ma"]
    assert [name for name, _ in kinds] == kept and set(dict(kinds).values()) == {TEXT}
    assert table["geometry_"].tolist() == ["geometry 1", "geometry 2"]
    assert made.report.count("intake.fields_renamed") == 4
    assert prepared_numbers(made, table)["CHANGED"] is True


@pytest.mark.parametrize(
    ("names", "present"),
    [
        (["a", "a", "a_1", "geometry"], ["a", "a_1", "a_1_1", "geometry_"]),
        (["geometry", "geometry_", "geometry"], ["geometry_", "geometry__1", "geometry_1"]),
    ],
)
def test_fields_of_one_name_are_told_apart_as_qgis_does(names: list[str], present: list[str]) -> None:
    assert present_names(names) == present and len(set(present)) == len(names)


@pytest.mark.skipif(
    tuple(map(int, pyogrio.__version__.split(".")[:2])) < (0, 12),
    reason="this binding knows no lists, and says so in the report",
)
def test_lists_and_objects_become_text_and_are_told(tmp_path: Path) -> None:
    path = tmp_path / "plan.geojson"
    ring = "[[[484000,2361000],[484100,2361000],[484100,2361100],[484000,2361000]]]"
    path.write_text(
        '{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::5899"}},"features":['
        '{"type":"Feature","properties":{"ma":["ODT","TMD"],"so":[1,900000000000000001]},"geometry":'
        f'{{"type":"Polygon","coordinates":{ring}}}}}]}}',
        encoding="utf-8",
    )
    out = tmp_path / "o.gpkg"
    assert main(["prepareplan", "--input", str(path), "--output", str(out)]) == 0
    found = stored(out, "o")[1]
    assert found["ma"] == ['["ODT", "TMD"]'] and found["so"] == ["[1, 900000000000000001]"]
    made = prepare(str(path), PreparationOptions())
    zone_columns(zones_of(made), made)
    assert made.report.count("intake.fields_as_text") == 2


def test_kinds_of_columns_of_objects() -> None:
    day, moment = datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 13, 14)
    for values, kind in (
        ([1, None], INTEGER),
        ([2**64], TEXT),
        ([1, 2.5], REAL),
        ([True, None], BOOLEAN),
        ([day, None], DATE),
        ([moment, None], MOMENT),
        (["a", None], TEXT),
        ([["a"], None], TEXT),
        ([None, None], TEXT),
        ([datetime.time(1, 2)], TEXT),
    ):
        assert kind_of(pd.Series(values, dtype=object)) == kind, values
    assert [text_of(value) for value in (True, b"\0\1", datetime.time(1, 2), ["Đ"])] == [
        "true",
        "0001",
        "01:02:00",
        '["Đ"]',
    ]
    east = datetime.timezone(datetime.timedelta(hours=7))
    column = pd.Series([datetime.datetime(2024, 3, 1, 1, 0, tzinfo=east), None], dtype=object)
    assert plain_values(column, MOMENT) == [datetime.datetime(2024, 2, 29, 18, 0, tzinfo=UTC), None]
    values, missing = arrays(pd.Series([LONG, None], dtype="Int64"), INTEGER)
    assert values.tolist() == [LONG, 0] and missing is not None and missing.tolist() == [False, True]


def test_a_shapefile_with_two_fields_of_one_name_is_read_by_both(tmp_path: Path) -> None:
    columns = {"maloai": (TEXT, ["LUC", "ONT"]), "maloa2": (TEXT, ["a", "b"])}
    path = written(tmp_path / "plan.shp", columns, "ESRI Shapefile")
    table = path.with_suffix(".dbf")
    table.write_bytes(table.read_bytes().replace(b"maloa2", b"maloai"))
    made = prepare(str(path), PreparationOptions())
    assert made.table["maloai"].tolist() == ["LUC", "ONT"] and made.table["maloai_1"].tolist() == ["a", "b"]
    assert made.report.count("intake.fields_renamed") == 1 and made.report.changed


def test_a_surface_in_3d_loses_itself_alone(tmp_path: Path) -> None:
    columns = {"ma": (TEXT, ["LUC", "ONT", "CLN"])}
    path = written(tmp_path / "plan.gpkg", columns)
    mesh = bytes.fromhex("01f70300000000000000")[:5] + (0).to_bytes(4, "little")
    with sqlite3.connect(path) as database:
        table, shape = database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchone()
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{trigger}"')
        head = b"GP\0\x01" + (5899).to_bytes(4, "little")
        database.execute(f'UPDATE "{table}" SET "{shape}" = ? WHERE fid = 2', (head + mesh,))
    made = prepare(str(path), PreparationOptions())
    assert made.table["ma"].tolist() == ["LUC", "CLN"]
    assert made.report.count("intake.dropped") == 1
    assert "PolyhedralSurface" in " ".join(made.report.lines("en"))
    assert isinstance(made.table, gpd.GeoDataFrame)
