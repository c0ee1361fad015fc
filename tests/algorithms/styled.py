"""Layers of findings and pictures of styled layers, for the tests of what one sees."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from planconcord.engine.record import NAMES
from planconcord.qgis_bridge.styling_findings import kinds
from qgis.core import (
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsFeature,
    QgsGeometry,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsRectangle,
    QgsRenderContext,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor, QImage

from .conftest import ORIGIN, TM3

REAL = ("area_m2", "width_m", "share_a", "declared_ha", "measured_ha", "difference_ha", "x", "y")
RECORD = "&".join(f"field={name}:{'double' if name in REAL else 'string'}" for name in NAMES)
NEARLY = 48


def findings(records: Iterable[tuple[str, str, str]], kind: str = "MultiPolygon", **columns: object) -> QgsVectorLayer:
    """A findings layer: (wkt, rule, severity) a finding, and columns that all have in common."""
    made = QgsVectorLayer(f"{kind}?crs={TM3}&{RECORD}", "findings", "memory")
    features = []
    for wkt, rule, severity in records:
        feature = QgsFeature(made.fields())
        geometry = QgsGeometry.fromWkt(wkt)
        feature.setGeometry(geometry)
        feature["rule"], feature["severity"], feature["area_m2"] = rule, severity, geometry.area()
        for name, value in columns.items():
            feature[name] = value
        features.append(feature)
    assert made.dataProvider().addFeatures(features)[0]
    made.updateExtents()
    return made


def picture(layers: list[QgsVectorLayer], scale: float, x: float = 0.0, y: float = 0.0, side: int = 400) -> QImage:
    """The layers drawn at 1:scale around a point in metres from ORIGIN, on white."""
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setDestinationCrs(layers[0].crs())
    settings.setOutputDpi(96)
    settings.setOutputSize(QSize(side, side))
    half = side / 96 * 0.0254 * scale / 2
    centre_x, centre_y = ORIGIN[0] + x, ORIGIN[1] + y
    settings.setExtent(QgsRectangle(centre_x - half, centre_y - half, centre_x + half, centre_y + half))
    settings.setBackgroundColor(QColor("white"))
    context = QgsExpressionContext()
    context.appendScope(QgsExpressionContextUtils.globalScope())
    context.appendScope(QgsExpressionContextUtils.mapSettingsScope(settings))
    settings.setExpressionContext(context)
    assert settings.scale() == pytest.approx(scale, rel=0.02)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    assert not job.errors()
    return job.renderedImage()


def pixels(image: QImage, colour: str) -> int:
    """How many pixels have this colour, or nearly: small shapes are mostly smoothed edge."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    memory = image.constBits()
    memory.setsize(image.sizeInBytes())
    shown = np.frombuffer(memory, np.uint8).reshape(image.height(), -1)[:, : 4 * image.width()].reshape(-1, 4)
    wanted = QColor(colour)
    away = np.abs(shown[:, :3].astype(int) - (wanted.blue(), wanted.green(), wanted.red())).max(axis=1)
    return int((away <= NEARLY).sum())


def kind(name: str):
    return next(each for each in kinds() if each.name == name)


def drawn_as(styled: QgsVectorLayer, feature: QgsFeature) -> list[str]:
    """The keys of the rules that draw a feature, without the headings."""
    context = QgsRenderContext()
    expression_context = styled.createExpressionContext()
    expression_context.setFeature(feature)
    context.setExpressionContext(expression_context)
    renderer = styled.renderer().clone()
    renderer.startRender(context, styled.fields())
    keys = renderer.legendKeysForFeature(feature, context)
    found = [rule.ruleKey() for rule in renderer.rootRule().descendants() if rule.symbol() and rule.ruleKey() in keys]
    renderer.stopRender(context)
    return found


def lab(colour: str, matrix: list[list[float]] | None = None) -> np.ndarray:
    rgb = np.array(QColor(colour).getRgbF()[:3])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    if matrix is not None:
        linear = np.clip(np.array(matrix) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    ratio = xyz / (0.9505, 1.0, 1.089)
    cube = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * cube[1] - 16, 500 * (cube[0] - cube[1]), 200 * (cube[1] - cube[2])])
