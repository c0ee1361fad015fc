"""How the algorithms are run: in a background task, by a script, in a model; and the plugin comes and goes cleanly."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from planconcord.engine.checks import coverage as coverage_check
from planconcord.engine.plan import PlanLayer
from qgis.core import (
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterFeatureSource,
    QgsProject,
    QgsTask,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QEventLoop, QTimer

from .conftest import Listening, grid, layer, opened, run, says, square

OVERLAPPING = [*grid(3, 3), (square(50, 50), "x", "ONT")]
PATIENCE_MS = 30_000


class Background:
    """One run in QGIS's task manager, as the dialog starts it."""

    def __init__(self, parameters: dict, cancel_at: float | None = None) -> None:
        self.context, self.feedback = QgsProcessingContext(), Listening()
        self.context.setProject(QgsProject.instance())
        self.algorithm = QgsApplication.processingRegistry().algorithmById("planconcord:checkcoverage").create()
        self.task = QgsProcessingAlgRunnerTask(self.algorithm, parameters, self.context, self.feedback)
        self.ended: list[tuple[bool, dict]] = []
        self.progress: list[float] = []
        loop = QEventLoop()
        self.task.executed.connect(lambda ok, results: (self.ended.append((ok, results)), loop.quit()))
        self.task.progressChanged.connect(self.progress.append)
        if cancel_at is not None:
            self.task.progressChanged.connect(lambda percent: self.task.cancel() if percent >= cancel_at else None)
        patience = QTimer()
        patience.setSingleShot(True)
        patience.timeout.connect(loop.quit)
        patience.start(PATIENCE_MS)
        QgsApplication.taskManager().addTask(self.task)
        loop.exec()
        assert patience.isActive(), f"the run did not end: {self.progress} {self.feedback.lines}"
        patience.stop()


def test_a_run_in_the_background_moves_the_progress_and_returns_the_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []
    prepare = coverage_check.prepare
    monkeypatch.setattr(
        coverage_check, "prepare", lambda *given: threads.append(threading.get_ident()) or prepare(*given)
    )
    plan = layer(OVERLAPPING)
    background = Background({"INPUT": plan, "FINDINGS": "memory:findings"})
    [(ok, results)] = background.ended
    assert ok and results["OVERLAP_COUNT"] == 4 and results["CONFORMS"] is False
    assert opened(results["FINDINGS"], background.context).featureCount() == 4
    assert threads and threads[0] != threading.get_ident()
    assert len(background.progress) >= 4 and background.progress == sorted(background.progress)
    assert background.progress[-1] == 100


def test_many_runs_in_the_background_do_not_crash_qgis() -> None:
    """pyproj 3.7 and later crashes in the second of these unless the thread's state is kept."""
    for _ in range(5):
        [(ok, results)] = Background({"INPUT": layer(OVERLAPPING), "FINDINGS": "memory:"}).ended
        assert ok and results["OVERLAP_COUNT"] == 4


def test_a_run_in_the_background_can_be_cancelled(tmp_path: Path) -> None:
    path = tmp_path / "findings.gpkg"
    background = Background({"INPUT": layer(grid(60, 60)), "FINDINGS": str(path)}, cancel_at=15)
    assert background.feedback.isCanceled() and "Cancelled" in "\n".join(background.feedback.lines)
    assert background.task.status() == QgsTask.TaskStatus.Terminated
    assert list(tmp_path.iterdir()) == []
    assert all("FINDINGS" not in results for _, results in background.ended)


def test_a_run_that_refuses_in_the_background_ends_with_its_sentence() -> None:
    background = Background({"INPUT": layer([]), "FINDINGS": "memory:"})
    [(ok, _)] = background.ended
    assert not ok
    assert says("\n".join(background.feedback.errors), "error.layer_empty", "en"), background.feedback.lines


def test_the_progress_never_goes_back_and_ends_at_a_hundred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planconcord.qgis_bridge.source.CHUNK", 5)
    found = run("checkcoverage", {"INPUT": layer(OVERLAPPING), "RUNS": "memory:", "MEASURES": str(tmp_path / "m.csv")})
    assert found.feedback.steps == sorted(found.feedback.steps) and found.feedback.steps[-1] == 100
    lower, upper = layer(OVERLAPPING), layer([(square(0, 0, 500), "A", "Z_LUA"), *grid(4, 4, "Z_ODT")])
    fields = {"LOWER_CODE": "ma", "UPPER_CODE": "ma"}
    found = run("checkconformity", {"LOWER": lower, "UPPER": upper, **fields})
    assert found.feedback.steps == sorted(found.feedback.steps) and found.feedback.steps[-1] == 100


def test_a_script_runs_it_by_its_id(qgis_processing) -> None:
    import processing

    given = {"INPUT": layer(OVERLAPPING), "FINDINGS": "TEMPORARY_OUTPUT"}
    results = processing.run("planconcord:checkcoverage", given)
    assert results["OVERLAP_COUNT"] == 4 and results["FINDINGS"].featureCount() == 4


def test_a_script_gets_the_sentence_as_the_exception(qgis_processing) -> None:
    import processing
    from qgis.core import QgsProcessingException

    given = {"INPUT": layer([]), "FINDINGS": "TEMPORARY_OUTPUT"}
    with pytest.raises(QgsProcessingException, match="has no features"):
        processing.run("planconcord:checkcoverage", given)


def test_the_dialog_can_repeat_it_for_each_boundary(
    qgis_processing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The arrow beside a layer in the dialog: one run for each of its features, one result each."""
    from processing.gui import AlgorithmExecutor

    # QGIS 3.44 hands the results to the window, and refuses the one that pytest-qgis stands in for
    monkeypatch.setattr(AlgorithmExecutor, "handleAlgorithmResults", lambda *_, **__: True)
    halves = layer([(square(0, 0, 150, 300), "", ""), (square(150, 0, 160, 300), "", "")])
    given = {"INPUT": layer(grid(3, 3)), "BOUNDARY": halves, "FINDINGS": str(tmp_path / "findings.gpkg")}
    algorithm = QgsApplication.processingRegistry().algorithmById("planconcord:checkcoverage").create()
    context, feedback = QgsProcessingContext(), Listening()
    context.setProject(QgsProject.instance())
    assert AlgorithmExecutor.executeIterating(algorithm, given, "BOUNDARY", context, feedback), feedback.errors
    made = [QgsVectorLayer(str(path), path.stem, "ogr") for path in sorted(tmp_path.iterdir())]
    counts = [{feature["rule"] for feature in findings.getFeatures()} for findings in made]
    assert counts == [{"coverage.outside"}, {"coverage.outside", "coverage.gap"}]


def test_a_model_hands_its_values_over_and_leaves_the_rest_out() -> None:
    """Parameters that a model leaves empty reach the algorithm as nulls."""
    source = QgsProcessingModelChildParameterSource
    child = QgsProcessingModelChildAlgorithm("planconcord:checkcoverage")
    child.setChildId("check")
    child.addParameterSources("INPUT", [source.fromModelParameter("PLAN")])
    child.addParameterSources("WIDTH_TOLERANCE", [source.fromExpression("1 - 1")])
    child.addParameterSources("SCALE", [source.fromExpression("NULL")])
    child.addParameterSources("BOUNDARY", [source.fromModelParameter("RANH")])
    model = QgsProcessingModelAlgorithm("model")
    for name, optional in (("PLAN", False), ("RANH", True)):
        definition = QgsProcessingParameterFeatureSource(name, name, optional=optional)
        model.addModelParameter(definition, QgsProcessingModelParameter(name))
    output = QgsProcessingModelOutput("findings", "findings")
    output.setChildId("check")
    output.setChildOutputName("FINDINGS")
    child.setModelOutputs({"findings": output})
    model.addChildAlgorithm(child)
    context, feedback = QgsProcessingContext(), Listening()
    thin = layer([(square(0, 0), "1", "A"), (square(99.99, 0), "2", "A")])
    results, ok = model.create().run(
        {"PLAN": thin, "check:findings": "memory:", "findings": "memory:"}, context, feedback
    )
    assert ok, feedback.errors
    inner = results["CHILD_RESULTS"]["check"]
    assert inner["OVERLAP_COUNT"] == 1 and inner["CONFORMS"] is False


def test_the_plugin_comes_and_goes_without_a_trace() -> None:
    """In a process of its own, because QGIS deletes the provider that the other tests use."""
    code = """
from qgis.core import QgsApplication
program = QgsApplication([], False)
program.initQgis()
from planconcord import classFactory
registry = QgsApplication.processingRegistry()
others = {found.id() for found in registry.providers()}
for start in ("initProcessing", "initGui") * 2:
    plugin = classFactory(None)
    getattr(plugin, start)()
    assert registry.algorithmById("planconcord:checkcoverage").create() is not None
    plugin.unload()
    assert registry.providerById("planconcord") is None
    assert registry.algorithmById("planconcord:checkcoverage") is None
    plugin.unload()
    assert {found.id() for found in registry.providers()} == others
print("clean")
"""
    assert _alone(code) == "clean"


def _alone(code: str) -> str:
    """What a Python of its own prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_loading_the_toolbox_imports_no_geometry_library() -> None:
    """The toolbox must open where geopandas is not installed."""
    code = (
        "import sys; from qgis.core import QgsApplication;"
        "[sys.modules.pop(name) for name in list(sys.modules) if name.split('.')[0] in ('shapely', 'geopandas')];"
        "import planconcord.qgis_plugin.provider as p; made = [a() for a in p.ALGORITHMS];"
        "[a.initAlgorithm({}) for a in made];"
        "print([n for n in ('shapely', 'geopandas', 'pandas', 'pyproj') if n in sys.modules])"
    )
    assert _alone(code) == "[]"


def test_a_run_that_refuses_leaves_no_zones_in_memory() -> None:
    """QGIS keeps every exception of an algorithm until it is closed, with all that its traceback holds."""
    far = layer([(square(50_000, 0), "", "")])
    assert "different places" in run("checkcoverage", {"INPUT": layer(OVERLAPPING), "BOUNDARY": far}).error
    gc.collect()
    assert [left for left in gc.get_objects() if isinstance(left, PlanLayer)] == []
