"""The algorithm ``writesheet`` in QGIS: its numbers, layers of the project below the findings, redaction, refusals."""

from __future__ import annotations

from pathlib import Path

import processing
import pytest
import sheets
from qgis.core import QgsFeature, QgsGeometry, QgsProcessingException, QgsVectorLayer

ID = "planconcord:writesheet"
pytestmark = pytest.mark.usefixtures("provider")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    sheets.write(tmp_path / "kho.gpkg")
    return tmp_path / "kho.gpkg"


def layer(field: str = "ma") -> QgsVectorLayer:
    made = QgsVectorLayer(f"Polygon?crs=EPSG:5899&field={field}:string", "KH-A", "memory")
    feature = QgsFeature(made.fields())
    feature.setGeometry(QgsGeometry.fromWkt(sheets.square(0, 0, 2_000).wkt))
    feature[field] = "LUC"
    made.dataProvider().addFeature(feature)
    return made


def run(store: Path, **parameters: object) -> dict:
    given = {"FINDINGS": str(store), "OUTPUT": str(store.parent / "phiếu"), "LANGUAGE": "vi", **parameters}
    return processing.run(ID, given)


def test_redaction_is_on_unless_switched_off(store: Path) -> None:
    numbers = ("SHEET_COUNT", "FINDING_COUNT", "DISPUTED_COUNT")
    hidden = run(store)
    page = (store.parent / "phiếu" / "sheet-huyen-a.html").read_text(encoding="utf-8")
    assert [hidden[name] for name in numbers] == [2, 3, 3] and "CQP" not in page
    shown = run(store, REDACT_DEFENCE=False)
    page = Path(shown["OUTPUT"], "sheet-huyen-a.html").read_text(encoding="utf-8")
    assert [shown[name] for name in numbers] == [2, 6, 6] and "CQP" in page
    assert Path(shown["PROVINCE"]).name == "province.html"


def test_layers_are_drawn_below_the_findings(store: Path) -> None:
    made = run(store, PLANS=[layer()], CODE_FIELD="loai, ma", TERRITORY="Huyện A")
    page = Path(made["OUTPUT"], "sheet-huyen-a.html").read_text(encoding="utf-8")
    assert made["SHEET_COUNT"] == 1 and page.count('class="zone"') >= 2
    assert not Path(made["OUTPUT"], "sheet-thi-xa-b.html").exists()


def test_a_layer_without_codes_is_not_drawn_while_redaction_is_on(store: Path) -> None:
    made = run(store, PLANS=[layer("loai")], CODE_FIELD="ma")
    page = Path(made["OUTPUT"], "sheet-huyen-a.html").read_text(encoding="utf-8")
    assert 'class="zone"' not in page
    made = run(store, PLANS=[layer("loai")], CODE_FIELD="ma", REDACT_DEFENCE=False)
    page = Path(made["OUTPUT"], "sheet-huyen-a.html").read_text(encoding="utf-8")
    assert 'class="zone"' in page


def test_what_is_no_store_is_refused(store: Path) -> None:
    (store.parent / "tệp.gpkg").write_text("đây không phải kho", encoding="utf-8")
    with pytest.raises(QgsProcessingException, match="tệp"):
        run(store.parent / "tệp.gpkg")
    assert not (store.parent / "phiếu").exists()
