"""``python -m planconcord comparefindings`` and ``comparedrafts`` give, table by table, what the algorithms give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely
from planconcord.cli.checks import main

from .conftest import grid, layer, run, saved, square

FIELDS = "field=so:string&field=ma:string&field=ghi chú:string&field=số hộ:integer&field=Shape_Area:double"
BEFORE = [
    (square(0, 0), "a", "LUC", "lúa nước", 3, 1.0),
    (square(100, 0), "b", "CLN", "vườn", None, 1.0),
    (square(200, 0), "c", "ODT", "", 5, 1.0),
    (square(300, 0, 3, 100), "d", "DGT", "đường hẹp", 1, 1.0),
    (square(303, 0), "e", "HNK", "", 1, 1.0),
]
AFTER = [
    (square(199, 0, 101, 100), "c", "ODT", "", 6, 7.0),
    (square(303, 0), "e", "HNK", None, 1, 7.0),
    (square(0, 0, 60, 100), "a", "LUC", "lúa nước", 3, 7.0),
    (square(60, 0, 40, 100), "a2", "SKK", "", 0, 7.0),
    (square(100, 0, 99, 100), "b", "CLN", "vườn tạp", None, 7.0),
    (square(300, 0, 3, 100), "d", "DTL", "đường hẹp", 1, 7.0),
]


def drawn(folder: Path) -> tuple[Path, Path]:
    paths = folder / "dự thảo 1.gpkg", folder / "dự thảo 2.gpkg"
    for path, zones in zip(paths, (BEFORE, AFTER)):
        saved(layer(zones, fields=FIELDS), path, "GPKG")
    return paths


def table(path: Path) -> pd.DataFrame:
    """A layer or CSV as a table, its outlines as text, its rows in an order of their own."""
    if path.suffix == ".csv":
        read: pd.DataFrame = pd.read_csv(path, encoding="utf-8-sig", keep_default_na=False)
    else:
        read = pyogrio.read_dataframe(path)
        read["geometry"] = shapely.to_wkt(shapely.normalize(read.geometry.to_numpy()), rounding_precision=6)
        read = pd.DataFrame(read).drop(columns=[name for name in read if name == "fid"])
    words = read.select_dtypes(exclude="number").columns
    read[words] = read[words].fillna("")
    return read.sort_values(list(read.columns), ignore_index=True)


def told(out: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in out.splitlines())


def same_numbers(done: Any, out: dict[str, str], names: list[str]) -> None:
    for name in names:
        assert float(out[name]) == pytest.approx(float(done[name]), rel=1e-9, abs=1e-6), name


def test_comparefindings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stores = [tmp_path / "phát hiện 1.gpkg", tmp_path / "phát hiện 2.gpkg"]
    for store, zone in zip(stores, (square(50, 0, 100), square(60, 0, 40))):
        zones = [*grid(4, 1), (zone, "x", "ODT"), (square(310, 10 if store == stores[1] else 2_000, 50), "y", "ODT")]
        fields = {"KEY_FIELD": "so", "CODE_FIELD": "ma", "WIDTH_TOLERANCE": 2, "PLAN": "QH-1", "FINDINGS": str(store)}
        assert run("checkcoverage", {"INPUT": layer(zones), **fields}).ok
    sides = {"PREVIOUS": str(stores[0]), "CURRENT": str(stores[1]), "WIDTH_TOLERANCE": 2, "LANGUAGE": "vi"}
    done = run("comparefindings", {**sides, "OUTPUT": str(tmp_path / "qgis.gpkg")})
    assert done.ok, done.error
    given = ["--previous", str(stores[0]), "--current", str(stores[1]), "--width-tolerance", "2", "--language", "vi"]
    assert main(["comparefindings", *given, "--output", str(tmp_path / "lệnh.gpkg")]) == 0
    names = [f"{fate}_COUNT" for fate in ("NEW", "PERSISTING", "CHANGED", "REOPENED", "RESOLVED")]
    same_numbers(done, told(capsys.readouterr().out), names)
    assert [done[name] for name in names] == [1, 0, 1, 0, 1]
    pd.testing.assert_frame_equal(table(tmp_path / "lệnh.gpkg"), table(tmp_path / "qgis.gpkg"), check_dtype=False)


def test_comparedrafts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = drawn(tmp_path)
    comments = tmp_path / "góp ý.geojson"
    place = shapely.transform(shapely.from_wkt(square(70, 50, 1)), lambda places: places).centroid
    gpd.GeoDataFrame({"text": ["xin đất"]}, geometry=[place], crs=5899).to_crs(4326).to_file(comments)
    codes = {"BEFORE_CODE": "ma", "AFTER_CODE": "ma", "BEFORE_KEY": "so", "AFTER_KEY": "so", "WIDTH_TOLERANCE": 5}
    outputs = {"CHANGES": str(tmp_path / "qgis.gpkg"), "TRANSITIONS": str(tmp_path / "qgis.csv")}
    done = run(
        "comparedrafts",
        {"BEFORE": str(before), "AFTER": str(after), "ASKED": str(comments), "LANGUAGE": "en", **codes, **outputs},
    )
    assert done.ok, done.error
    given = ["--before", str(before), "--before-code", "ma", "--before-key", "so", "--after", str(after)]
    given += ["--after-code", "ma", "--after-key", "so", "--asked", str(comments), "--width-tolerance", "5"]
    made = ["--changes", str(tmp_path / "lệnh.gpkg"), "--transitions", str(tmp_path / "lệnh.csv"), "--language", "en"]
    assert main(["comparedrafts", *given, *made]) == 0
    out = told(capsys.readouterr().out)
    numbers = [
        "CHANGE_COUNT",
        "CHANGE_AREA",
        "UNASKED_COUNT",
        "UNASKED_AREA",
        "ATTRIBUTE_COUNT",
        "NOISE_AREA",
        "OVERLAP_AREA",
    ]
    same_numbers(done, out, [*numbers, "BALANCE_RESIDUAL"])
    assert [done[name] for name in numbers] == pytest.approx([2, 4300, 1, 300, 2, 100, 0])
    assert done["CLOSES"] is True and out["CLOSES"] == "true"
    for kind in ("gpkg", "csv"):
        pair = (table(tmp_path / f"{name}.{kind}") for name in ("lệnh", "qgis"))
        pd.testing.assert_frame_equal(*pair, check_dtype=False)
    changes = table(tmp_path / "lệnh.gpkg").set_index("zone_after")
    assert changes["detail"][["b", "c"]].tolist() == ["ghi chú: vườn → vườn tạp", "số hộ: 5 → 6"]
    assert changes["asked"].to_dict() == {"a2": "yes", "b": "no", "c": "no", "d": "no"}
    assert changes["asked_by"]["a2"] == "0" and changes["code_after"]["d"] == "DTL"


def test_what_cannot_be_compared_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = drawn(tmp_path)
    made = ["--changes", str(tmp_path / "x.gpkg"), "--language", "en"]
    wrong = ["--before", str(before), "--before-code", "mã", "--after", str(after), "--after-code", "ma"]
    assert main(["comparedrafts", *wrong, *made]) == 2
    assert "mã" in capsys.readouterr().err
    assert main(["comparefindings", "--previous", str(before), "--current", str(after), "--output", "x.gpkg"]) == 2
    assert "finding" in capsys.readouterr().err or not (tmp_path / "x.gpkg").exists()
