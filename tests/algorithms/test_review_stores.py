"""The list of stores in the dock: what arrives while it is open stands there, and a store stands there once."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProject, QgsVectorLayer
from stores import write

from .docks import Desk, desk  # noqa: F401 - desk is a fixture


def offered(desk: Desk) -> list[str]:  # noqa: F811
    box = desk.dock.stores
    return [box.itemText(row) for row in range(box.count())]


def add(path: Path | str, name: str) -> QgsVectorLayer:
    layer = QgsVectorLayer(f"{path}|layername=findings", name, "ogr")
    assert layer.isValid()
    QgsProject.instance().addMapLayer(layer)
    return layer


def test_layers_that_come_and_go_while_the_dock_is_open(desk: Desk, tmp_path: Path) -> None:  # noqa: F811
    write(tmp_path / "kho.gpkg", 6)
    assert offered(desk) == ["no store open"]
    layer = add(tmp_path / "kho.gpkg", "lần 1")
    desk.wait()
    assert offered(desk) == ["no store open", "lần 1"]
    QgsProject.instance().removeMapLayer(layer.id())
    desk.wait()
    assert offered(desk) == ["no store open"]


def test_a_store_under_two_paths_stands_once_and_two_of_one_name_are_told_apart(
    desk: Desk,  # noqa: F811
    tmp_path: Path,
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for folder in "ab":
        write(tmp_path / folder / "kho.gpkg", 6)
    add(tmp_path / "a" / "kho.gpkg", "kết quả")
    add(tmp_path / "b" / ".." / "a" / "kho.gpkg", "kết quả")
    desk.wait()
    assert offered(desk) == ["no store open", "kết quả"]
    add(tmp_path / "b" / "kho.gpkg", "kết quả")
    desk.wait()
    assert sorted(offered(desk)) == ["kết quả (a/kho.gpkg)", "kết quả (b/kho.gpkg)", "no store open"]
    desk.open(tmp_path / "a" / "kho.gpkg")
    assert len(offered(desk)) == 2 and desk.dock.stores.currentText() == "kết quả (a/kho.gpkg)"


def test_a_layer_in_memory_that_is_saved_is_recognised(desk: Desk, tmp_path: Path) -> None:  # noqa: F811
    write(tmp_path / "kho.gpkg", 6)
    fields = "&".join(f"field={name}:string" for name in ("finding_id", "rule", "severity", "status"))
    layer = QgsVectorLayer(f"MultiPolygon?crs=EPSG:5899&{fields}", "tạm", "memory")
    QgsProject.instance().addMapLayer(layer)
    desk.wait()
    assert offered(desk) == ["no store open", "tạm (not saved)"]
    layer.setDataSource(f"{tmp_path / 'kho.gpkg'}|layername=findings", "tạm", "ogr")
    desk.wait()
    assert offered(desk) == ["no store open", "tạm"]
