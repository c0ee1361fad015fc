"""The algorithm checkfigures: a form goes in, findings without a place and the table that was understood come out."""

from __future__ import annotations

from pathlib import Path

from figure_forms import CODES, consistent
from qgis.core import QgsVectorLayer

from .conftest import run


def test_a_form_that_closes_conforms_and_a_mark_in_the_wrong_place_is_named(tmp_path: Path) -> None:
    form = consistent(11, 3)
    path, store, table = form.write(tmp_path / "01CH.xlsx"), tmp_path / "found.gpkg", tmp_path / "read.csv"
    given = {"FIGURES": str(path), "LANGUAGE": "vi", "FINDINGS": str(store), "TABLE": str(table)}
    made = run("checkfigures", given)
    assert made.ok, made.error
    assert (made["CONFORMS"], made["SUM_COUNT"], made["FIGURE_COUNT"], made["CLOSURE_COUNT"]) == (True, 27, 44, 0)
    assert len(table.read_text("utf-8-sig").splitlines()) == 45
    form.figures[CODES.index("DGT"), 2] *= 10
    form.write(path)
    made = run("checkfigures", given)
    assert (made["CONFORMS"], made["CLOSURE_COUNT"], made["UNREAD_COUNT"]) == (False, 2, 0)
    found = QgsVectorLayer(str(store), "found", "ogr")
    assert [feature["verdict"] for feature in found.getFeatures()] == ["factor", "factor"]
    assert all("F14 đặt sai dấu thập phân" in feature["message"] for feature in found.getFeatures())
    assert "F14 đặt sai dấu thập phân" in made.log


def test_a_pdf_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "quet.pdf"
    path.write_bytes(b"%PDF-1.4")
    made = run("checkfigures", {"FIGURES": str(path), "FINDINGS": str(tmp_path / "a.gpkg"), "LANGUAGE": "en"})
    assert not made.ok and "quet.pdf is a PDF" in made.error


def test_findings_may_not_take_the_place_of_the_table(tmp_path: Path) -> None:
    path = consistent(11, 3).write(tmp_path / "01CH.xlsx")
    before = path.read_bytes()
    made = run("checkfigures", {"FIGURES": str(path), "FINDINGS": str(tmp_path / "a.gpkg"), "TABLE": str(path)})
    assert not made.ok and path.read_bytes() == before
