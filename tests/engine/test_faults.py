"""A fault of the program is told in one sentence with the file of its details, costs the job it happened in, and ends a command with
status 2, never 1: shown by raising every exception that Python knows inside every kind of job and every command."""

from __future__ import annotations

import builtins
import gc
import os
import subprocess
import sys
from pathlib import Path

import pyogrio
import pytest
import shapely
import small_province as province
from planconcord.cli import checks as command
from planconcord.engine import faults
from planconcord.engine.errors import PlanError
from planconcord.engine.faults import ProgramFault, met, told_faults
from planconcord.engine.progress import Cancelled, Progress
from planconcord.engine.province import check as check_module
from planconcord.engine.province import grounds, plans, registercheck, single
from planconcord.engine.province.options import ProvinceOptions
from planconcord.engine.register.reading import read_register
from planconcord.engine.rulesets.reading import read_ruleset

pytestmark = pytest.mark.same_with_every_library

NOT_FAULTS = (KeyboardInterrupt, MemoryError)
ARGUMENTS = {
    UnicodeDecodeError: ("utf-8", b"\xff", 0, 1, "why"),
    UnicodeEncodeError: ("ascii", "ạ", 0, 1, "why"),
    UnicodeTranslateError: ("ạ", 0, 1, "why"),
}
if sys.version_info >= (3, 11):
    ARGUMENTS[ExceptionGroup] = ("many", [ValueError("one")])  # noqa: F821
CLASSES = sorted(
    {one for one in vars(builtins).values() if isinstance(one, type) and issubclass(one, BaseException)}
    - {vars(builtins).get("BaseExceptionGroup")},  # makes an ExceptionGroup
    key=lambda one: one.__name__,
)
FAULTS = [*(one for one in CLASSES if not issubclass(one, NOT_FAULTS)), shapely.errors.GEOSException]


def made(kind: type[BaseException]) -> BaseException:
    return kind(*ARGUMENTS.get(kind, ("why",)))


@pytest.fixture(autouse=True)
def details(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the details, in a folder of the test's own."""
    path = tmp_path / "state" / faults.NAME
    monkeypatch.setattr(faults, "details_file", lambda: path)
    return path


# One piece of work


@pytest.mark.parametrize("kind", FAULTS)
def test_whatever_is_raised_becomes_one_sentence_and_its_traceback_a_file(kind, details: Path) -> None:
    with pytest.raises(ProgramFault) as told, told_faults("coverage of H1"):
        raise made(kind)
    for language in ("en", "vi"):
        said = told.value.text(language)
        assert "coverage of H1" in said and str(details) in said and kind.__name__ in said
        assert "\n" not in said and "Traceback" not in said
    kept = details.read_text(encoding="utf-8")
    assert "Traceback" in kept and kind.__name__ in kept and "coverage of H1" in kept and "numpy" in kept
    assert told.value.details in kept


def test_what_is_no_fault_stays_what_it_is(details: Path) -> None:
    for error in (PlanError("error.no_crs", layer="x"), Cancelled(), KeyboardInterrupt(), ProgramFaultOf(ValueError())):
        with pytest.raises(type(error)) as passed, told_faults("work"):
            raise error
        assert passed.value is error
    with pytest.raises(LookupError), told_faults("work", LookupError):
        raise KeyError("mine")
    with pytest.raises(PlanError) as refused, told_faults("coverage of H1"):
        raise MemoryError
    assert refused.value.key == "error.out_of_memory" and "coverage of H1" in refused.value.text("vi")
    assert not details.exists()


def ProgramFaultOf(error: Exception) -> ProgramFault:
    return ProgramFault(error, "earlier work", "", None)


def test_details_that_cannot_be_kept_are_said_to_be_lost(monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setattr(faults, "details_file", lambda: tmp_path / "file" / "below" / faults.NAME)
    monkeypatch.setattr(faults.tempfile, "gettempdir", lambda: str(tmp_path / "file"))
    with pytest.raises(ProgramFault) as told, told_faults("work"):
        raise KeyError("x")
    assert "could not be kept" in told.value.text("en") and "KeyError" in told.value.details


def test_the_file_of_details_does_not_grow_without_end(details: Path) -> None:
    details.parent.mkdir()
    details.write_bytes(b"x" * (faults.LARGEST_BYTES + 1))
    with pytest.raises(ProgramFault), told_faults("the newest"):
        raise ValueError
    assert details.stat().st_size < faults.LARGEST_BYTES and b"the newest" in details.read_bytes()


@pytest.mark.parametrize(("system", "end"), [("win32", "AppData"), ("darwin", "Library"), ("linux", ".local")])
def test_each_system_has_its_folder(system: str, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(sys, "platform", system)
    for name in ("LOCALAPPDATA", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    place = faults.details_file()
    assert end in place.parts and place.name == faults.NAME and place.parent.name == "planconcord"


# Every kind of job


def raising(kind: type[BaseException], when: object = lambda *given: True, then: object = None):
    """A stand-in for a function, which raises where ``when`` says so and else does what it did."""

    def stands_in(*given: object, **more: object) -> object:
        if when(*given):  # type: ignore[operator]
            raise made(kind)
        return then(*given, **more)  # type: ignore[operator]

    return stands_in


def is_h1(*given: object) -> bool:
    return any(getattr(one, "name", "") == "H1" or getattr(one, "plan_id", "") == "H1" for one in given)


def holds_h1(layers: list, *_: object) -> bool:
    return any(layer.name == "H1" for layer in layers)


INJECTED = {
    # where it is raised: (module, function, whether this call is the one, jobs that are lost with it)
    "coverage": (single, "check_coverage", is_h1, {("checkcoverage", "H1")}),
    "offset of a plan": (single, "coverage_without_offset", is_h1, {("checkcoverage", "H1")}),
    "borders": (single, "check_borders", holds_h1, {("checkborders", "H0", "H1"), ("checkborders", "H1", "H2")}),
    "offset of a border": (
        single, "borders_without_offset", holds_h1, {("checkborders", "H0", "H1"), ("checkborders", "H1", "H2")}
    ),
    "grounds": (grounds, "prepare", is_h1, {("checkborders", "H0", "H1"), ("checkborders", "H1", "H2")}),
    "conformity": (single, "check_conformity", is_h1, {("checkconformity", "H1", "T")}),
    "codes": (single, "prepare", is_h1, {("codes", "H1")}),
    "areas": (single, "check_declared_areas", is_h1, {("areas", "H1")}),
    "offsets of all plans": (check_module, "offset_batches", lambda *_: True, {("offsets",)}),
    "findings of the register": (check_module, "register_batches", lambda *_: True, {("register",)}),
}  # fmt: skip


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The register of a province with a finding at each end, and with declared areas."""
    register = province.make(tmp_path_factory.mktemp("faults") / "tỉnh")
    columns = {"ma": list("abcd"), "ma_dat": ["LUC"] * 4, "dien_tich": [25.0] * 4}
    for number in range(3):
        shapes = [province.box(1000 * number + 500 * i, 500 * j, 500, 500) for i in (0, 1) for j in (0, 1)]
        codes = ["LUC", "LUC", "LUC", "LUC" if number == 1 else "SKC"]
        province.layer(register.parent / f"h{number}.gpkg", shapes, **{**columns, "ma_dat": codes})
    lines = register.read_text(encoding="utf-8-sig").split("\n")
    rows = [f"{line},{'dien_tich' if line.startswith('H') else ''}" for line in lines[1:]]
    register.write_text("\n".join([lines[0] + ",declared_area_field", *rows]), encoding="utf-8-sig")
    return register


def assessed(register: Path, at_once: int) -> check_module.ProvinceResult:
    rules = read_ruleset(register.parent / "rules.csv")
    options = ProvinceOptions(at_once=at_once)
    return check_module.check_province(read_register(str(register)), rules, options, "en", "run", Progress())


@pytest.fixture(scope="module")
def jobs_before(given: Path) -> set[tuple[object, str]]:
    """The jobs of that province and how each ends when nothing is wrong with the program."""
    return {(done.job, done.status) for done in assessed(given, 1).jobs}


def lost(result: check_module.ProvinceResult) -> set[tuple[str, ...]]:
    return {(done.job.kind, *done.job.plans) for done in result.jobs if done.status == "not_assessed"}


def told_once(result: check_module.ProvinceResult, kind: type, details: Path) -> None:
    """Each lost job is told in one line, with the file of the details; no traceback is among the lines."""
    lines = [line for line in result.result.log if line.startswith("Not assessed")]
    assert len(lines) == len(lost(result))
    assert all(kind.__name__ in line and str(details) in line and "Traceback" not in line for line in lines)
    assert details.read_text(encoding="utf-8").count("Traceback (most recent call last)") >= len(result.faults)


@pytest.mark.parametrize("at_once", [1, 3])
@pytest.mark.parametrize("place", INJECTED)
def test_a_fault_costs_the_job_it_happens_in(
    place: str, at_once: int, given: Path, jobs_before: set, details: Path, monkeypatch
) -> None:
    module, name, when, expected = INJECTED[place]
    monkeypatch.setattr(module, name, raising(KeyError, when, getattr(module, name)))
    result = assessed(given, at_once)
    assert lost(result) == expected and not result.complete and result.result.status == "failed"
    assert result.result.value("not_assessed_count") == len(expected)
    told_once(result, KeyError, details)
    assert result.faults and all(isinstance(fault, ProgramFault) for fault in result.faults)
    before = {(job, status) for job, status in jobs_before if (job.kind, *job.plans) not in expected}
    assert before and before <= {(d.job, d.status) for d in result.jobs}
    conflicts = result.result.findings.loc[result.result.findings["rule"] == "conformity.conflict", "plan_a"]
    assert {"H0", "H2"} <= set(conflicts)


DISTRICTS = ("H0", "H1", "H2")
KINDS = ("coverage", "borders", "conformity", "codes", "areas")


def in_turn(classes: list[type[BaseException]], then: object, named: object):
    """A stand-in that raises another class for each district, and does for the rest what it did."""

    def stands_in(*given: object, **more: object) -> object:
        plan = named(*given)  # type: ignore[operator]
        if plan in DISTRICTS[: len(classes)]:
            raise made(classes[DISTRICTS.index(plan)])
        return then(*given, **more)  # type: ignore[operator]

    return stands_in


def first_plan(*given: object) -> str:
    plan = given[0][0] if isinstance(given[0], list) else given[0]
    return plan.name  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("start", range(0, len(FAULTS), 3))
def test_every_exception_in_every_kind_of_job(start: int, given: Path, details: Path, monkeypatch) -> None:
    """Each class in turn in all jobs of one district; what is above them is checked all the same."""
    classes = FAULTS[start : start + 3]
    for place in KINDS:
        module, name, _, _ = INJECTED[place]
        monkeypatch.setattr(module, name, in_turn(classes, getattr(module, name), first_plan))
    result = assessed(given, 1 + start % 2)
    failed = {(done.job.kind, done.job.plans[0]): done for done in result.jobs if done.fault is not None}
    for plan, kind in zip(DISTRICTS, classes):
        jobs = {"checkcoverage", "checkconformity", "codes", "areas", *(["checkborders"] if plan != "H2" else [])}
        assert {job for job, name in failed if name == plan} == jobs
        for job in jobs:
            reason = failed[job, plan].reason
            assert kind.__name__ in reason and str(details) in reason and "\n" not in reason
    assert {done.status for done in result.jobs if done.fault is None} <= {"passed", "failed"}
    assert details.read_text(encoding="utf-8").count("Traceback (most recent call last)") >= len(result.faults) > 0


@pytest.mark.parametrize("start", range(0, len(FAULTS), 2))
@pytest.mark.parametrize("name", ["inspect", "prepare_plan"])
def test_every_exception_while_a_plan_is_read(start: int, name: str, given: Path, details: Path, monkeypatch) -> None:
    def plan_of(source: str, *_: object) -> str:
        return Path(source).stem.upper()

    classes = FAULTS[start : start + 2]
    monkeypatch.setattr(plans, name, in_turn(classes, getattr(plans, name), plan_of))
    result = assessed(given, 2)
    for plan, kind in zip(DISTRICTS, classes):
        of_plan = [done for done in result.jobs if plan in done.job.plans]
        assert of_plan and {done.status for done in of_plan} == {"not_assessed"}
        told = {done.fault is not None for done in of_plan if done.job.plans[0] == plan}
        assert told == {
            not issubclass(kind, OSError)
        }  # a file that the system does not give is no fault of the program
    assert not lost(result) & {("checkcoverage", "H2"), ("checkconformity", "H2", "T"), ("checkcoverage", "T")}


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_wish_to_stop_and_a_lack_of_memory_are_what_they_are(
    at_once: int, given: Path, details: Path, monkeypatch
) -> None:
    check_coverage = single.check_coverage
    monkeypatch.setattr(single, "check_coverage", raising(MemoryError, is_h1, check_coverage))
    result = assessed(given, at_once)
    assert lost(result) == {("checkcoverage", "H1")} and not result.faults and not details.exists()
    assert any("not enough memory" in line for line in result.result.log)

    def stop(*_: object) -> None:
        raise Cancelled

    monkeypatch.setattr(single, "check_coverage", stop)
    result = assessed(given, at_once)
    assert {done.status for done in result.jobs if done.job.kind == "checkcoverage"} == {"cancelled"}
    assert result.result.status == "partial" and not result.faults
    monkeypatch.setattr(single, "check_coverage", raising(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        assessed(given, at_once)


# Whole commands


def test_a_province_with_findings_and_a_fault_ends_with_two(given: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    asked = ["check", str(given), "--rules", str(given.parent / "rules.csv"), "--language", "en", "--out"]
    assert command.main([*asked, str(tmp_path / "a.gpkg")]) == 1
    capsys.readouterr()
    monkeypatch.setattr(single, "check_coverage", raising(IndexError, is_h1, single.check_coverage))
    assert command.main([*asked, str(tmp_path / "b.gpkg")]) == 2
    out, err = capsys.readouterr()
    assert "CONFORMS: false" in out and "STATUS: failed" in out and "IndexError" in err and "Traceback" not in out + err
    runs = pyogrio.read_dataframe(tmp_path / "b.gpkg", layer="runs", read_geometry=False)
    assert (runs["status"] == "not_assessed").sum() == 1
    found = pyogrio.read_dataframe(tmp_path / "b.gpkg", layer="findings", read_geometry=False)
    assert set(found.loc[found["rule"] == "conformity.conflict", "plan_a"]) == {"H0", "H2"}
    monkeypatch.undo()
    assert command.main([*asked, str(tmp_path / "b.gpkg")]) == 1  # a job that failed is not kept: it is done now


def test_a_fault_at_the_boundaries_is_not_hidden_behind_a_verdict(
    given: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    register = str(province.make(tmp_path / "khác"))
    asked = [
        "checkregister",
        register,
        "--findings",
        str(tmp_path / "r.gpkg"),
        "--date",
        "2031-01-01",
        "--language",
        "en",
    ]
    assert command.main(asked) in (0, 1)
    monkeypatch.setattr(registercheck.Boundaries, "of", raising(AttributeError))
    assert command.main(asked) == 2
    assert "Traceback" not in capsys.readouterr().err


def commands() -> list[str]:
    """All that the command line knows."""
    action = next(one for one in command._parser()._actions if one.choices and "check" in one.choices)
    return sorted(action.choices)


def asked(name: str, kind: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> int:
    """The status of a command whose work raises ``kind`` at once."""
    parser = command._parser()
    action = next(one for one in parser._actions if one.choices and "check" in one.choices)
    one = action.choices[name]
    for argument in one._actions:
        argument.required = False
        if not argument.option_strings and argument.dest != "help":
            argument.nargs = "?"
    one.set_defaults(run=raising(kind))
    monkeypatch.setattr(command, "_parser", lambda: parser)
    return command.main([name, "--language", "en"])


@pytest.mark.parametrize("name", commands())
def test_every_exception_at_the_top_of_every_command(name: str, monkeypatch, capsys, details: Path) -> None:
    for kind in FAULTS:
        with monkeypatch.context() as patched:
            assert asked(name, kind, patched) == 2, kind
        err = capsys.readouterr().err
        assert err.count("\n") == 1 and name in err and kind.__name__ in err and str(details) in err, err
    for kind, words in ((MemoryError, "not enough memory"), (KeyboardInterrupt, "Cancelled"), (Cancelled, "Cancelled")):
        with monkeypatch.context() as patched:
            if kind is Cancelled:
                patched.setitem(ARGUMENTS, Cancelled, ())
            assert asked(name, kind, patched) == 2
        assert words in capsys.readouterr().err


def test_a_library_that_is_not_there_is_no_traceback(tmp_path: Path) -> None:
    code = (
        "import runpy, sys\nsys.modules['shapely'] = None\nsys.argv = ['planconcord', 'checkcoverage']\n"
        "runpy.run_module('planconcord', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", cwd=tmp_path, env={**os.environ}
    )
    assert done.returncode == 2 and "shapely" in done.stderr and "Traceback" not in done.stderr, done.stderr


def test_a_fault_that_was_told_keeps_nothing_of_its_work_in_memory() -> None:
    class Layer:
        """What would stay."""

    def work() -> None:
        layer = Layer()
        raise KeyError(id(layer))

    before = met()
    with pytest.raises(ProgramFault) as told, told_faults("coverage of H1"):
        work()
    assert met() == before + 1
    assert told.value.details.count("in work") == 1
    gc.collect()
    assert [left for left in gc.get_objects() if isinstance(left, Layer)] == []
