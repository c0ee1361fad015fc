"""Texts are texts and empty cells are empty, however pandas keeps them: ``object``, ``str`` of pandas 3, ``string``, categories."""

from __future__ import annotations

import ast
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from planconcord.engine.intake.columns import decode_columns
from planconcord.engine.intake.report import IntakeReport
from planconcord.engine.province import boundaries
from planconcord.engine.register import units
from planconcord.engine.register.entry import Register
from planconcord.engine.values import is_missing, is_text, text_columns
from small_province import CRS, DISTRICTS, box, layer, make

ROOT = Path(__file__).resolve().parents[2]
KEPT_AS = (object, "str", "string", "category")
"""``str`` is what pandas 3 makes of texts; before it, the same word means ``object``."""
MAY_ASK = {"engine/values.py", "engine/kinds.py", "engine/intake/rows.py"}
"""What tells texts, what tells the kinds of values to a writer, and what takes arrays of numpy from the binding."""
ASKS_FOR_A_DTYPE = ("select_dtypes", "is_string_dtype", "is_object_dtype", "infer_objects", "issubdtype")


@pytest.mark.parametrize("kept_as", KEPT_AS)
def test_a_column_of_texts_is_known_however_it_is_kept(kept_as: object) -> None:
    assert is_text(pd.Series(["Huyện A", "Huyện B"]).astype(kept_as))
    assert is_text(pd.Series([], dtype=object).astype(kept_as))
    assert is_text(pd.Series(["Huyện A", None], dtype=object).astype(kept_as))


def test_numbers_dates_and_shapes_are_no_texts() -> None:
    table = gpd.GeoDataFrame(
        {"ten": ["A"], "so": [1], "dung": [True], "ngay": pd.to_datetime(["2030-01-01"]), "loai": pd.Categorical([3])},
        geometry=gpd.GeoSeries([shapely.Point(0, 0)], crs=CRS),
    ).assign(so_rong=pd.array([None], dtype="Int64"), thuc=[np.nan])
    assert text_columns(table) == ["ten"]


def test_two_columns_of_one_name_are_asked_one_by_one() -> None:
    assert text_columns(pd.DataFrame([[1, "LUC"]], columns=["ma", "ma"])) == ["ma"]


@pytest.mark.parametrize("value", [None, float("nan"), np.float32("nan"), np.nan, pd.NA, pd.NaT])
def test_every_empty_cell_is_missing(value: object) -> None:
    assert is_missing(value)


@pytest.mark.parametrize("value", ["", "nan", 0, 0.0, False, [], ["a"], np.array([1.0, np.nan])])
def test_nothing_else_is_missing(value: object) -> None:
    assert not is_missing(value)


@pytest.mark.parametrize("kept_as", KEPT_AS)
def test_the_boundary_of_a_territory_is_found_however_its_name_is_kept(
    kept_as: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With pandas 3 no boundary was found, so real gaps vanished without a word."""
    register = make(tmp_path)
    keep_texts_as(kept_as, monkeypatch)
    found = boundaries.Boundaries(Register(register, ()), str(tmp_path / "ranh_gioi.gpkg"))
    for number, name in enumerate(DISTRICTS):
        ground = found.of_territory(name, gpd.GeoSeries([], crs=CRS).crs)
        assert ground is not None and ground.shape.symmetric_difference(box(1000.0 * number, 0, 1000, 1000)).area == 0


@pytest.mark.parametrize("kept_as", KEPT_AS)
def test_the_units_of_boundaries_are_found_however_their_names_are_kept(
    kept_as: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ranh_gioi.gpkg"
    layer(path, [box(1000.0 * n, 0, 1000, 1000) for n in range(3)], ten_huyen=list(DISTRICTS), so=[1, 2, 3])
    keep_texts_as(kept_as, monkeypatch)
    assert units.units_of([path]).names == DISTRICTS


@pytest.mark.parametrize("kept_as", KEPT_AS)
def test_old_scripts_are_decoded_however_a_column_is_kept(kept_as: str) -> None:
    words = ["x· T©n Hßa", "huyÖn V¹n Ninh", "ph­êng §«ng Kinh", "thÞ trÊn Hµ Lam"]
    table = gpd.GeoDataFrame({"ten": pd.Series(words).astype(kept_as)}, geometry=[shapely.Point(0, 0)] * len(words))
    made, changes, encoding = decode_columns(table, False, "", "ranh", IntakeReport("ranh"))
    assert (encoding, len(changes)) == ("tcvn3", 1)
    assert list(made["ten"]) == ["xã Tân Hòa", "huyện Vạn Ninh", "phường Đông Kinh", "thị trấn Hà Lam"]


def keep_texts_as(kept_as: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every table that is prepared keeps its texts this way from now on."""
    for module in (boundaries, units):
        made = module.prepare_table

        def cast(*arguments: object, made=made, **options: object):
            table, *rest = made(*arguments, **options)
            return (table.astype(dict.fromkeys(text_columns(table), kept_as)), *rest)

        monkeypatch.setattr(module, "prepare_table", cast)


def test_nobody_else_asks_a_column_for_its_dtype() -> None:
    """A dtype says how a version of pandas keeps values, not what they are: ``engine/values.py`` is asked for that."""
    wrong = []
    for storey in ("demo", "engine", "cli", "qgis_bridge", "algorithms", "qgis_plugin"):
        for path in sorted((ROOT / storey).rglob("*.py")):
            if path.relative_to(ROOT).as_posix() in MAY_ASK:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                asks = isinstance(node, ast.Attribute) and node.attr in ASKS_FOR_A_DTYPE
                compares = isinstance(node, ast.Compare) and any(
                    isinstance(side, ast.Attribute) and side.attr in ("dtype", "dtypes")
                    for side in (node.left, *node.comparators)
                )
                if asks or compares:
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert wrong == []
