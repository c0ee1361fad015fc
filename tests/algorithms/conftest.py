"""The algorithms inside QGIS without a window: the provider registered once, layers drawn in the test, runs recorded.

Places are given in local metres around ORIGIN, a point on land in the TM-3 zone EPSG:5899, so that a test can be drawn
on paper.
"""

from __future__ import annotations

import contextlib
import gc
import inspect
import itertools
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from planconcord.engine.catalogue import text
from qgis.core import (
    QgsApplication,
    QgsFeature,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProject,
    QgsSettings,
    QgsVectorFileWriter,
    QgsVectorLayer,
)

ORIGIN = (530_000.0, 1_660_000.0)
TM3 = "EPSG:5899"


def square(x: float, y: float, width: float = 100.0, height: float | None = None) -> str:
    """A rectangle as WKT, its lower left corner x, y metres from ORIGIN."""
    return polygon((x, y), (x + width, y), (x + width, y + (height or width)), (x, y + (height or width)))


def polygon(*corners: tuple[float, float]) -> str:
    """A polygon as WKT through corners in metres from ORIGIN."""
    ring = [*corners, corners[0]]
    return "POLYGON((" + ", ".join(f"{ORIGIN[0] + x!r} {ORIGIN[1] + y!r}" for x, y in ring) + "))"


def layer(
    zones: Iterable[Sequence[object]],
    fields: str = "field=so:string&field=ma:string",
    crs: str = TM3,
    kind: str = "Polygon",
    name: str = "quy hoạch",
) -> QgsVectorLayer:
    """A memory layer; each zone is its WKT (None: no geometry) and its attributes."""
    made = QgsVectorLayer(f"{kind}?crs={crs}&{fields}", name, "memory")
    assert made.isValid()
    features = []
    for wkt, *attributes in zones:
        feature = QgsFeature(made.fields())
        if wkt is not None:
            geometry = QgsGeometry.fromWkt(str(wkt))
            assert not geometry.isNull(), wkt
            feature.setGeometry(geometry)
        feature.setAttributes(attributes)
        features.append(feature)
    done, added = made.dataProvider().addFeatures(features)
    assert done and len(added) == len(features), made.dataProvider().lastError()
    made.updateExtents()
    return made


def saved(source: QgsVectorLayer, path: Path, driver: str) -> QgsVectorLayer:
    """A copy of a layer in a file, opened."""
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName, options.fileEncoding, options.layerName = driver, "UTF-8", path.stem
    error, message, *_ = QgsVectorFileWriter.writeAsVectorFormatV3(
        source, str(path), QgsProject.instance().transformContext(), options
    )
    assert error == QgsVectorFileWriter.WriterError.NoError, message
    opened = QgsVectorLayer(str(path), source.name(), "ogr")
    assert opened.isValid()
    return opened


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Let QGIS be a guest of these tests, which no other storey wants, whoever types the command and with or without a screen."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    worker, profile = os.environ.get("PYTEST_XDIST_WORKER", ""), os.environ.get("QGIS_CUSTOM_CONFIG_PATH")
    if (
        profile and worker and not profile.endswith(worker)
    ):  # two QGIS in one profile would write into each other's settings
        os.environ["QGIS_CUSTOM_CONFIG_PATH"] = f"{profile}-{worker}"
    pluginmanager.unblock("pytest_qgis")
    pluginmanager.import_plugin("pytest_qgis", consider_entry_points=True)


class Listening(QgsProcessingFeedback):
    """Remembers what was said and how far it got; ``cancel_after`` presses Cancel at that percentage."""

    def __init__(self, cancel_after: float | None = None) -> None:
        super().__init__(False)
        self.lines: list[str] = []
        self.errors: list[str] = []
        self.steps: list[float] = []
        self._cancel_after = cancel_after
        self.progressChanged.connect(self._moved)
        if cancel_after is not None and cancel_after < 0:
            self.cancel()

    def _moved(self, percent: float) -> None:
        self.steps.append(percent)
        if self._cancel_after is not None and percent >= self._cancel_after:
            self.cancel()

    def pushInfo(self, info: str) -> None:
        self.lines.append(info)

    def pushWarning(self, warning: str) -> None:
        self.lines.append(warning)

    def reportError(self, error: str, fatalError: bool = False) -> None:  # noqa: N803 - the name that QGIS gives
        self.errors.append(error)


@dataclass
class Outcome:
    """One run: what came out, what was said."""

    ok: bool
    results: dict[str, Any]
    feedback: Listening
    context: QgsProcessingContext
    findings: list[dict[str, Any]] = field(default_factory=list)
    geometries: list[QgsGeometry] = field(default_factory=list)

    def __getitem__(self, name: str) -> Any:
        return self.results[name]

    @property
    def log(self) -> str:
        return "\n".join(self.feedback.lines)

    @property
    def error(self) -> str:
        return "\n".join(self.feedback.errors)

    def of_rule(self, rule: str, noise: bool = False) -> list[dict[str, Any]]:
        """The findings of a rule; noise is left out unless asked for."""
        return [row for row in self.findings if row["rule"] == rule and (noise or row["severity"] != "info")]

    def rules(self) -> dict[str, int]:
        """How many findings of each rule there are, noise included."""
        counts: dict[str, int] = {}
        for row in self.findings:
            counts[row["rule"]] = counts.get(row["rule"], 0) + 1
        return counts


def run(
    algorithm: str,
    parameters: Mapping[str, object],
    feedback: Listening | None = None,
    context: QgsProcessingContext | None = None,
) -> Outcome:
    """Run an algorithm as the toolbox does: check the parameters first, then run, and read the findings back."""
    found = QgsApplication.processingRegistry().algorithmById(f"planconcord:{algorithm}")
    assert found is not None
    if context is None:
        context = QgsProcessingContext()
        context.setProject(QgsProject.instance())
    feedback = feedback or Listening()
    wanted = {"FINDINGS": "memory:findings", **parameters}
    fit, message = found.checkParameterValues(wanted, context)
    if not fit:
        feedback.errors.append(message)
        return Outcome(False, {}, feedback, context)
    results, ok = found.create().run(wanted, context, feedback)
    outcome = Outcome(ok, results, feedback, context)
    if ok and "FINDINGS" in results:
        features = list(opened(results["FINDINGS"], context).getFeatures())
        outcome.findings = [dict(zip(f.fields().names(), f.attributes())) for f in features]
        outcome.geometries = [QgsGeometry(f.geometry()) for f in features]
    return outcome


def opened(result: str, context: QgsProcessingContext) -> QgsVectorLayer:
    """The layer that a result names."""
    held = context.getMapLayer(result)
    provider, _, source = result.partition("://")
    database = provider == "postgres"
    made = held or QgsVectorLayer(source if database else result, "result", "postgres" if database else "ogr")
    assert made.isValid(), result
    return made


def says(words: str, key: str, language: str) -> bool:
    """Whether ``words`` are the catalogue's sentence ``key`` in ``language``, whatever fills its placeholders."""
    return all(part.strip() in words for part in re.split(r"{\w+(?::[^}]*)?}", text(key, language)))


@pytest.fixture(scope="session")
def provider(qgis_app: QgsApplication) -> Iterator[Any]:
    """Our provider, registered by the plugin itself."""
    from planconcord import classFactory
    from planconcord.qgis_bridge import libraries

    # The guard refuses wheels that were loaded before it, which crash QGIS. Here Python is the program and QGIS a guest in
    # it, so that nothing is mixed up; the guard itself is tested in the headless storey, with the real program.
    libraries._usable = True
    plugin = classFactory(None)
    plugin.initProcessing()
    yield QgsApplication.processingRegistry().providerById("planconcord")
    plugin.unload()
    _let_go_of_layers()


def _let_go_of_layers() -> None:
    """Empty the frames of ended tests, or their layers outlive QGIS and crash it at its end.

    QGIS keeps the exception of every run that refused, the exception keeps the frames that called it.
    """
    here = str(Path(__file__).parent)
    for frame in gc.get_objects():
        ours = isinstance(frame, FrameType) and frame.f_code.co_filename.startswith(here)
        if ours and not frame.f_code.co_flags & inspect.CO_GENERATOR:
            with contextlib.suppress(RuntimeError):  # of a frame that still runs
                frame.clear()
    gc.collect()


@pytest.fixture(autouse=True)
def _ready(provider: Any) -> None:
    """Every test of the storey runs with the provider."""


@pytest.fixture
def speaking() -> Iterator[Any]:
    """speaking("vi") makes QGIS's language Vietnamese until the test ends."""
    settings = QgsSettings()
    keys = ("locale/userLocale", "locale/overrideFlag")
    before = {key: settings.value(key) for key in keys}

    def speak(locale: str) -> None:
        settings.setValue("locale/overrideFlag", True)
        settings.setValue("locale/userLocale", locale)

    yield speak
    for key, value in before.items():
        settings.remove(key) if value is None else settings.setValue(key, value)


def grid(columns: int, rows: int, code: str = "LUC", side: float = 100.0) -> list[tuple[str, str, str]]:
    """Zones side by side that cover a rectangle once, numbered by row."""
    cells = itertools.product(range(rows), range(columns))
    return [(square(side * column, side * row, side), f"{row}-{column}", code) for row, column in cells]
