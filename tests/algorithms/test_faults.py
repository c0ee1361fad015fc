"""A fault of the program reaches the person in QGIS as one sentence; its traceback goes to QGIS's log and to a file, nowhere else."""

from __future__ import annotations

import builtins
import struct
import sys
from pathlib import Path

import pytest
import small_province as province
from planconcord.engine import faults
from planconcord.engine.progress import Cancelled
from planconcord.engine.province import single
from planconcord.qgis_bridge import running, source
from planconcord.qgis_plugin.provider import ALGORITHMS
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingException,
    QgsVectorLayer,
)

from .conftest import ORIGIN, Listening, grid, layer, run, says, square

ARGUMENTS = {
    UnicodeDecodeError: ("utf-8", b"\xff", 0, 1, "why"),
    UnicodeEncodeError: ("ascii", "ạ", 0, 1, "why"),
    UnicodeTranslateError: ("ạ", 0, 1, "why"),
}
if sys.version_info >= (3, 11):
    ARGUMENTS[ExceptionGroup] = ("many", [ValueError("one")])  # noqa: F821
FAULTS = [
    one
    for one in vars(builtins).values()
    if isinstance(one, type) and issubclass(one, BaseException) and one.__name__ != "BaseExceptionGroup"
    if not issubclass(one, (KeyboardInterrupt, MemoryError))
]
LOCAL = 'LOCAL_CS["Grid of the drawing",UNIT["metre",1]]'


@pytest.fixture(autouse=True)
def details(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "state" / faults.NAME
    monkeypatch.setattr(faults, "details_file", lambda: path)
    return path


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What QGIS's log is told."""
    lines: list[str] = []

    class Log:
        @staticmethod
        def logMessage(words: str, tab: str, *_: object) -> None:
            lines.append(words)

    monkeypatch.setattr(running, "QgsMessageLog", Log)
    return lines


def raising(error: BaseException):
    def stands_in(*_: object) -> None:
        raise error

    return stands_in


@pytest.mark.parametrize("one", ALGORITHMS, ids=lambda one: one.ID)
def test_every_exception_in_every_algorithm_is_one_sentence(one: type, log, details: Path, monkeypatch) -> None:
    for kind in FAULTS:
        monkeypatch.setattr(one, "carry_out", raising(kind(*ARGUMENTS.get(kind, ("why",)))))
        with pytest.raises(QgsProcessingException) as told:
            one().create().processAlgorithm({}, QgsProcessingContext(), Listening())
        said = str(told.value)
        assert kind.__name__ in said and str(details) in said and "Traceback" not in said and "\n" not in said
        assert "Traceback" in log[-1] and kind.__name__ in log[-1]
        assert told.value.__cause__ is None
    assert len(log) == len(FAULTS)


@pytest.mark.parametrize("one", ALGORITHMS, ids=lambda one: one.ID)
def test_a_wish_to_stop_and_a_lack_of_memory_are_what_they_are(one: type, log, details: Path, monkeypatch) -> None:
    monkeypatch.setattr(one, "carry_out", raising(Cancelled()))
    assert one().create().processAlgorithm({}, QgsProcessingContext(), Listening()) == {}
    monkeypatch.setattr(one, "carry_out", raising(MemoryError()))
    with pytest.raises(QgsProcessingException) as told:
        one().create().processAlgorithm({}, QgsProcessingContext(), Listening())
    assert says(str(told.value), "error.out_of_memory", "en")
    assert not log and not details.exists()


def test_a_refusal_is_no_fault(log, details: Path) -> None:
    refused = run("checkcoverage", {"INPUT": layer(grid(1, 1)), "KEY_FIELD": "loai_dat"})
    assert not refused.ok and not log and not details.exists()


def test_a_job_of_a_province_that_fails_is_told_and_the_others_are_there(tmp_path, log, details, monkeypatch) -> None:
    register = province.make(tmp_path / "tỉnh")
    check_coverage = single.check_coverage

    def fails(plan, *given):
        if plan.name == "H1":
            raise KeyError("not foreseen")
        return check_coverage(plan, *given)

    monkeypatch.setattr(single, "check_coverage", fails)
    given = {"REGISTER": str(register), "RULES": str(register.parent / "rules.csv"), "LANGUAGE": "en"}
    done = run("checkprovince", {**given, "OUTPUT": str(tmp_path / "f.gpkg")})
    assert done.ok and done["NOT_ASSESSED_COUNT"] == 1 and done["CHECK_COUNT"] == 13
    assert done["STATUS"] == "not_assessed" and done["CONFORMS"] is False
    assert "KeyError" in done.log and str(details) in done.log and "Traceback" not in done.log + done.error
    assert [line.count("Traceback (most recent call last)") for line in log] == [1]


# One reader


def unclosed(number: int, shift: float = 0.0) -> QgsVectorLayer:
    """``number`` squares, the first of which ends without its first corner."""
    made = layer([(square(100 * n + shift, 0), str(n), "LUC") for n in range(number)])
    x, y = ORIGIN[0] + shift, ORIGIN[1]
    corners = [(x, y), (x + 100, y), (x + 100, y + 100), (x, y + 100)]
    wkb = struct.pack("<BIII", 1, 3, 1, 4) + b"".join(struct.pack("<dd", *corner) for corner in corners)
    shape = QgsGeometry()
    shape.fromWkb(wkb)
    first = next(made.getFeatures())
    assert made.dataProvider().changeGeometryValues({first.id(): shape})
    return made


def drafts(**more: object) -> dict[str, object]:
    return {
        "BEFORE_CODE": "ma", "AFTER_CODE": "ma", "BEFORE_KEY": "so", "AFTER_KEY": "so", "WIDTH_TOLERANCE": 1,
        "CHANGES": "memory:", **more,
    }  # fmt: skip


@pytest.mark.parametrize("side", ["BEFORE", "AFTER", "ASKED"])
def test_a_ring_that_is_not_closed_is_closed_wherever_drafts_are_read(side: str) -> None:
    given = {"BEFORE": layer(grid(3, 1)), "AFTER": layer(grid(3, 1))}
    done = run("comparedrafts", drafts(**{**given, side: unclosed(3)}))
    assert done.ok, done.error
    assert done["CHANGE_COUNT"] == 0 and done["CLOSES"] is True


def test_it_is_closed_where_a_layer_without_a_file_is_prepared() -> None:
    done = run("prepareplan", {"INPUT": unclosed(3), "OUTPUT": "memory:"})
    assert done.ok and done["ZONE_COUNT"] == 3, done.error


@pytest.mark.parametrize("name", ["comparedrafts", "comparefindings"])
def test_reading_is_cancelled_between_chunks(name: str, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(source, "CHUNK", 2)
    read = []
    wkb = source._wkb
    feedback = Listening()

    def counted(geometry: QgsGeometry) -> bytes | None:
        read.append(1)
        if len(read) > 3:
            feedback.cancel()
        return wkb(geometry)

    monkeypatch.setattr(source, "_wkb", counted)
    many = layer(grid(10, 10))
    given = (
        drafts(BEFORE=many, AFTER=many)
        if name == "comparedrafts"
        else {"PREVIOUS": many, "CURRENT": many, "OUTPUT": "memory:"}
    )
    done = run(name, given, feedback)
    assert "CHANGES" not in done.results and "OUTPUT" not in done.results
    assert len(read) == 4


# A CRS without a place


@pytest.mark.parametrize("name", ["checkcoverage", "comparedrafts", "diagnosecrs", "prepareplan"])
def test_a_layer_that_lies_nowhere_is_refused_by_name(name: str, tmp_path: Path) -> None:
    crs = QgsCoordinateReferenceSystem.fromWkt(LOCAL)
    nowhere, right = layer(grid(2, 1), name="bản vẽ"), layer(grid(2, 1))
    nowhere.setCrs(crs)
    assert nowhere.crs().isValid()
    given = {
        "checkcoverage": {"INPUT": nowhere},
        "comparedrafts": drafts(BEFORE=right, AFTER=nowhere),
        "diagnosecrs": {"INPUT": nowhere, "OUTLINE": right},
        "prepareplan": {"INPUT": nowhere, "OUTPUT": "memory:"},
    }[name]
    refused = run(name, given)
    assert not refused.ok and "bản vẽ" in refused.error
    assert says(refused.error, "error.crs_unusable", "en"), refused.error
