"""Draw one A3 overview map of a checked province as PNG: land use, districts, every finding, a
legend, a table of counts.

/usr/bin/python3 tools/overview_map.py --findings FINDINGS.gpkg --demo FOLDER --output MAP.png
[--language vi] [--dpi 200]

The layers of FINDINGS with the fields rule and severity are drawn; FOLDER holds register.csv, whose
plans are drawn muted, and GeoPackages with boundaries and base map. Needs PyQGIS only and no
window. What the folder lacks is left out of map and legend; without findings or register it ends
with a sentence and exit status 2.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import importlib.util
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# GDAL warns for every layer that a GeoPackage is newer than itself; a layer that does not open is
# reported below.
os.environ.setdefault("CPL_LOG", os.devnull)

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsFeature,
    QgsProject,
    QgsProviderRegistry,
    QgsVectorLayer,
)

ROOT = Path(__file__).resolve().parent.parent
PAPER_DPI = 200
# What a GeoPackage beside the register may call its layers, in the order of preference.
LAYER_NAMES = {
    "province_boundary": ("province", "tinh", "ranh_gioi_tinh"),
    "district_boundary": ("districts", "district", "boundaries", "huyen", "ranh_gioi_huyen", "ranh_gioi"),
    "towns": ("towns", "town", "do_thi"),
    "roads": ("roads", "road", "duong", "giao_thong"),
    "rivers": ("rivers", "river", "song", "song_suoi", "thuy_he"),
    "sea": ("sea", "bien"),
    "neighbours": ("neighbours", "lan_can", "vung_lan_can"),
}
PLAN_LEVELS_DRAWN = ("district", "commune", "urban_general", "zoning", "detailed")


@dataclass
class Sheet:
    """What lies on the map: findings, one layer a plan with its code field, base layers by their
    role.
    """

    findings: QgsVectorLayer
    plans: list[tuple[QgsVectorLayer, str]] = field(default_factory=list)
    base: dict[str, QgsVectorLayer] = field(default_factory=dict)
    territories: list[str] = field(default_factory=list)
    province: str = ""


def load_package() -> ModuleType:
    """This checkout as ``planconcord``, whatever its folder is called."""
    spec = importlib.util.spec_from_file_location(
        "planconcord", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    assert spec and spec.loader
    package = importlib.util.module_from_spec(spec)
    sys.modules["planconcord"] = package
    spec.loader.exec_module(package)
    return package


def sublayers(path: Path) -> list[QgsVectorLayer]:
    """Return the layers of a file, as they lie in it."""
    details = QgsProviderRegistry.instance().querySublayers(str(path))
    layers = []
    for detail in details:
        layer = QgsVectorLayer(detail.uri(), detail.name(), "ogr")
        if layer.isValid() and layer.geometryType() != Qgis.GeometryType.Null:
            layers.append(layer)
    return layers


def read_findings(path: Path) -> QgsVectorLayer:
    """Return all findings of a GeoPackage as one layer."""
    found = [layer for layer in sublayers(path) if {"rule", "severity"} <= set(layer.fields().names())]
    if not found:
        raise SystemExit(f"{path}: no layer with the fields rule and severity; give the findings of a check.")
    if len(found) == 1:
        return found[0]
    merged = QgsVectorLayer(f"MultiPolygon?crs={found[0].crs().authid()}", "findings", "memory")
    merged.dataProvider().addAttributes(found[0].fields().toList())
    merged.updateFields()
    for layer in found:
        merged.dataProvider().addFeatures(list(_fitted(layer.getFeatures(), merged)))
    merged.updateExtents()
    return merged


def _fitted(features: Iterable[QgsFeature], layer: QgsVectorLayer) -> Iterable[QgsFeature]:
    for feature in features:
        fitted = QgsFeature(layer.fields())
        fitted.setGeometry(feature.geometry())
        for name in layer.fields().names():
            if feature.fields().lookupField(name) >= 0:
                fitted[name] = feature[name]
        yield fitted


def read_register(folder: Path) -> list[dict[str, str]]:
    """Return the rows of the register; the separator is the one of its first line."""
    path = folder / "register.csv"
    if not path.is_file():
        raise SystemExit(f"{path} is not there; give the folder that createdemo made.")
    with open(path, encoding="utf-8-sig", newline="") as file:
        delimiter = max(",;\t", key=file.readline().count)
        file.seek(0)
        return [{name: value or "" for name, value in row.items()} for row in csv.DictReader(file, delimiter=delimiter)]


def plan_source(folder: Path, source: str) -> str:
    """Return a register's source as QGIS opens it: a path from the register's folder, with
    |layername=… if it names a layer.
    """
    path, _, layer = source.partition("|")
    return str(folder / path) + (f"|{layer}" if layer else "")


def gather(findings: Path, folder: Path) -> Sheet:
    """Everything that the map shows, loaded."""
    sheet = Sheet(read_findings(findings))
    register = read_register(folder)
    for row in register:
        if row["level"] == "provincial":
            sheet.province = sheet.province or row["territory"]
        if row["level"] not in PLAN_LEVELS_DRAWN:
            continue
        layer = QgsVectorLayer(plan_source(folder, row["source"]), row["plan_id"], "ogr")
        if layer.isValid() and layer.fields().lookupField(row["code_field"]) >= 0:
            sheet.plans.append((layer, row["code_field"]))
            sheet.territories.append(row["territory"])
        else:
            print(f"{row['plan_id']}: {row['source']} could not be opened; left out of the map.", file=sys.stderr)
    sources = {row["source"].partition("|")[0] for row in register}
    others = [path for path in sorted(folder.rglob("*.gpkg")) if str(path.relative_to(folder)) not in sources]
    named = {layer.name().lower(): layer for path in others for layer in sublayers(path)}
    for role, names in LAYER_NAMES.items():
        layer = next((named[name] for name in names if name in named), None)
        if layer is not None:
            sheet.base[role] = layer
    return sheet


def keep_style(findings: QgsVectorLayer, language: str) -> None:
    """Store the style in the file of the findings, so that they open in QGIS as they look on the
    map.
    """
    from planconcord.qgis_bridge.styling import store_style, style_findings

    style_findings(findings, language)
    problem = store_style(findings, "Plan Concord")
    if problem:
        raise SystemExit(f"The style could not be stored with the findings: {problem}")


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--findings", type=Path, required=True, help="a GeoPackage with the findings of the checks")
    parser.add_argument("--demo", type=Path, required=True, help="the folder that createdemo made")
    parser.add_argument("--output", type=Path, required=True, help="the PNG to write")
    parser.add_argument("--language", choices=("vi", "en"), default="vi")
    parser.add_argument("--dpi", type=int, default=PAPER_DPI)
    parser.add_argument("--title", default="")
    parser.add_argument("--keep-style", action="store_true", help="also store the style in FINDINGS, for QGIS to open")
    parser.add_argument("--note", default=None, help="the line under the subtitle; a remark on the demo by default")
    parser.add_argument("--date", type=datetime.date.fromisoformat, default=None)
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Draw the map and say where it lies."""
    options = arguments(given)
    if not options.findings.is_file():
        print(f"{options.findings} is not there.", file=sys.stderr)
        return 2
    package = load_package()
    application = QgsApplication([], False)
    application.initQgis()
    try:
        from overview_page import Page

        sheet = gather(options.findings, options.demo)
        if options.keep_style:
            keep_style(sheet.findings, options.language)
        page = Page(QgsProject.instance(), sheet, options, package.__version__)
        page.compose()
        problem = page.export(options.output)
    except SystemExit as stop:
        problem = str(stop)
    if problem:
        print(problem, file=sys.stderr)
    else:
        print(options.output)
    sys.stdout.flush()
    sys.stderr.flush()
    # Leaving by the interpreter's end would take layers apart after QGIS itself and crash.
    os._exit(2 if problem else 0)


if __name__ == "__main__":
    sys.exit(main())
