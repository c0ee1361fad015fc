"""Jobs side by side: order, memory, progress, stops and mistakes; and a province gives one and the same file however many run at once."""

from __future__ import annotations

import struct
import threading
import time
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from planconcord.engine.progress import Cancelled, Progress
from planconcord.engine.province import grounds, plans
from planconcord.engine.province.memory import Memory
from planconcord.engine.province.options import ProvinceOptions
from planconcord.engine.province.plans import Plans
from planconcord.engine.province.side_by_side import WeightedJob, side_by_side
from planconcord.engine.register.reading import read_register
from small_province import StopsAfter, assert_same, box, check, district, make

pytestmark = pytest.mark.same_with_every_library

FAULTY = [box(1000, 0, 500, 500), box(1000, 500, 500, 500), box(1500, 0, 500, 500), box(1500, 500, 480, 500)]
MEGABYTE = 1 << 20


class Spy:
    """Tasks that tell when they run; each lasts until ``enough`` others run beside it, or a moment has passed."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.most, self._running, self._lock = 0, 0, threading.Lock()

    def task(self, number: int, memory_bytes: int = 1) -> WeightedJob[int]:
        def run(progress: Progress) -> int:
            with self._lock:
                self.begun.append(number)
                self._running += 1
                self.most = max(self.most, self._running)
            for part in range(5):
                time.sleep(0.004)
                progress.step(part / 5)
            with self._lock:
                self._running -= 1
            return number * number

        return WeightedJob(run, memory_bytes, told=f"task {number}")


class Told(Progress):
    """Remembers what it was told and by whom; ``wish`` makes it want to stop."""

    def __init__(self) -> None:
        self.fractions: list[float] = []
        self.texts: list[str] = []
        self.threads: set[int] = set()
        self.wish = False

    def step(self, fraction: float, text: str = "") -> None:
        self.fractions.append(fraction)
        self.threads.add(threading.get_ident())
        self.texts += [text] if text else []

    def cancelled(self) -> bool:
        self.threads.add(threading.get_ident())
        return self.wish


@pytest.mark.parametrize("at_once", [1, 2, 4])
def test_tasks_begin_in_their_order_and_no_more_at_once_than_wanted(at_once: int) -> None:
    spy, told = Spy(), Told()
    results = dict(side_by_side([spy.task(number) for number in range(9)], at_once, None, told))
    assert results == {number: number * number for number in range(9)}
    assert spy.most == at_once
    assert told.texts == [f"task {number}" for number in range(9)]
    assert told.fractions == sorted(told.fractions) and told.fractions[-1] == pytest.approx(1.0)
    assert told.threads == {threading.get_ident()}


def test_what_runs_at_once_fits_the_memory_and_what_is_too_large_runs_alone() -> None:
    running: dict[int, int] = {}
    together: list[dict[int, int]] = []

    def task(number: int, memory_bytes: int) -> WeightedJob[None]:
        def run(progress: Progress) -> None:
            running[number] = memory_bytes
            together.append(dict(running))
            time.sleep(0.02)
            together.append(dict(running))
            del running[number]

        return WeightedJob(run, memory_bytes)

    sizes = [30, 30, 30, 500, 30, 60, 40, 50]
    assert len(list(side_by_side([task(*given) for given in enumerate(sizes)], 4, 100, Progress()))) == 8
    assert all(sum(taken.values()) <= 100 or list(taken) == [3] for taken in together)
    assert max(len(taken) for taken in together) >= 2
    assert [3] in [list(taken) for taken in together]


def test_who_stops_waits_for_what_runs_and_nothing_more_begins() -> None:
    told, begun = Told(), []

    def task(number: int) -> WeightedJob[str]:
        def run(progress: Progress) -> str:
            begun.append(number)
            if number == 0:
                return "finished"
            told.wish = number == 2
            try:
                while True:
                    progress.checkpoint()
                    time.sleep(0.005)
            except Cancelled:
                return "stopped"

        return WeightedJob(run)

    results = dict(side_by_side([task(number) for number in range(6)], 2, None, told))
    assert results == {0: "finished", 1: "stopped", 2: "stopped"} and sorted(begun) == [0, 1, 2]


def test_a_mistake_is_raised_and_stops_the_others() -> None:
    stopped = []

    def patient(progress: Progress) -> None:
        while not progress.cancelled():
            time.sleep(0.005)
        stopped.append(True)

    def wrong(progress: Progress) -> None:
        raise LookupError("nobody foresaw it")

    before = threading.active_count()
    with pytest.raises(LookupError, match="nobody"):
        list(side_by_side([WeightedJob(patient), WeightedJob(wrong), WeightedJob(patient)], 2, None, Progress()))
    assert stopped == [True] and threading.active_count() == before


@pytest.fixture
def register(tmp_path: Path) -> Path:
    made = make(tmp_path / "tỉnh")
    district(made.parent, 1, FAULTY, ["LUC", "SKC", "LUC", "ZZZ"])
    return made


def test_one_file_however_many_jobs_at_once_and_after_one_changed_district(register: Path, tmp_path: Path) -> None:
    for at_once in (1, 2, 4):
        check(register, tmp_path / f"{at_once}.gpkg", at_once=at_once)
    assert_same(tmp_path / "1.gpkg", tmp_path / "2.gpkg")
    assert_same(tmp_path / "1.gpkg", tmp_path / "4.gpkg")
    district(register.parent, 2, [box(2000, 0, 1000, 490), box(2000, 500, 990, 500)], ["SKC", "LUC"])
    fresh = tmp_path / "fresh.gpkg"
    check(register, fresh, at_once=1)
    for at_once in (2, 4):
        again = check(register, tmp_path / f"{at_once}.gpkg", at_once=at_once)
        assert (again.reused_count, len(again.jobs)) == (9, 13)
        assert_same(fresh, tmp_path / f"{at_once}.gpkg")


def test_a_changed_district_unites_only_itself(register: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    real = grounds.united
    monkeypatch.setattr(grounds, "united", lambda zones: made.append(len(zones)) or real(zones))
    output = tmp_path / "f.gpkg"
    check(register, output, at_once=4)
    assert made == [4, 4, 4]
    check(register, output)
    district(register.parent, 2, [box(2000, 0, 1000, 490), box(2000, 500, 990, 500)], ["SKC", "LUC"])
    made.clear()
    check(register, output, at_once=2)
    assert made == [2]
    assert len(list((tmp_path / "f.gpkg.jobs").glob("*.ground"))) == 3


@pytest.mark.parametrize("at_once", [1, 4])
def test_a_stop_keeps_what_is_finished_whatever_runs_beside(register: Path, tmp_path: Path, at_once: int) -> None:
    output, fresh = tmp_path / "f.gpkg", tmp_path / "fresh.gpkg"
    made = check(register, output, StopsAfter("Huyện C"), at_once=at_once)
    kept = sum(done.result is not None for done in made.jobs)
    assert 0 < kept < 13 and made.result.status == "partial"
    again = check(register, output, at_once=at_once)
    assert again.reused_count == kept and again.result.status == "failed"
    check(register, fresh, at_once=1)
    assert_same(output, fresh)


def test_a_plan_that_changes_while_several_jobs_wait_for_it_is_told_once(
    register: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, read = plans.prepare_plan, []

    def touching(source: str, *arguments: object, **known: object) -> object:
        made = real(source, *arguments, **known)
        if source.endswith("h1.gpkg"):
            read.append(source)
            (register.parent / "h1.gpkg").touch()
        return made

    monkeypatch.setattr(plans, "prepare_plan", touching)
    made = check(register, tmp_path / "f.gpkg", at_once=4)
    assert len(read) == 1
    assert (made.result.findings["rule"] == "register.unreadable").sum() == 1
    lost = {(done.job.kind, *done.job.plans) for done in made.jobs if done.status == "not_assessed"}
    assert lost == {
        ("checkcoverage", "H1"), ("codes", "H1"), ("checkconformity", "H1", "T"),
        ("checkborders", "H0", "H1"), ("checkborders", "H1", "H2"),
    }  # fmt: skip


def made_ready(register: Path, memory_bytes: int | None = None) -> Plans:
    ready = Plans(read_register(register), memory_bytes)
    for name in ready.plans:
        ready.look(name)
    ready.choose_crs(None, "en")
    return ready


def test_each_job_has_geometries_of_its_own(register: Path) -> None:
    ready = made_ready(register)
    ready.expect([("H0",), ("H0", "T"), ("H0",)])
    layers = [ready.get("H0") for _ in range(3)]
    assert ready.read_count == 1
    shapes = [np.asarray(layer.zones.geometry.values, dtype=object) for layer in layers]
    assert len({id(shape) for some in shapes for shape in some}) == 12
    for other in layers[1:]:
        assert shapely.equals_exact(shapes[0], np.asarray(other.zones.geometry.values), 0.0).all()
        assert other.zones.drop(columns="geometry").equals(layers[0].zones.drop(columns="geometry"))
        assert other.crs == layers[0].crs and other.key_field == "ma"
    for number, names in enumerate([("H0",), ("H0", "T"), ("H0",)]):
        ready.release(number, names)
    assert not ready._held


def test_the_plan_that_is_needed_last_is_let_go_first(register: Path) -> None:
    ready = made_ready(register)
    jobs = [("H0",), ("H1",), ("H2",), ("H1",), ("H2",), ("H0",)]
    ready.expect(jobs)
    sizes = {}
    for name in ("H0", "H1", "H2"):
        ready.get(name)
        sizes[name] = ready._held[name].size_bytes
    ready.memory = Memory(4 * (sizes["H1"] + sizes["H2"]))
    ready._held.clear()
    for number, names in enumerate(jobs[:3]):
        ready.get(names[0])
        ready.release(number, names)
    assert sorted(ready._held) == ["H1", "H2"]


def test_what_the_memory_allows_at_once() -> None:
    plenty = Memory(None, [10, 40, 30])
    assert (plenty.pair_bytes, plenty.held_bytes, plenty.jobs_bytes(2)) == (70, 70, 280)
    given = Memory(1000, [10, 40, 30])
    assert given.held_bytes + given.jobs_bytes(8) == 1000
    assert Memory.of_job([40, 30]) == 140


def test_a_plan_larger_than_the_memory_given_is_told_and_the_others_are_checked(register: Path, tmp_path: Path) -> None:
    source = register.parent / "h1.shp"
    pyogrio.write_dataframe(pyogrio.read_dataframe(register.parent / "h1.gpkg"), source)
    content = bytearray(source.read_bytes())
    content[24:28] = struct.pack(">i", 2_000_000_000)  # in words of two bytes: 4 GB
    with source.open("wb") as sparse:
        sparse.write(content)
        sparse.truncate(4_000_000_000)
    rows = register.read_text(encoding="utf-8-sig").replace("h1.gpkg", "h1.shp")
    register.write_text(rows, encoding="utf-8-sig")
    made = check(register, tmp_path / "f.gpkg", memory_bytes=2048 * MEGABYTE)
    unread = made.result.findings[made.result.findings["rule"] == "register.unreadable"]
    assert unread["plan_a"].tolist() == ["H1"] and "2,048 MB" in unread["message"].item()
    assert {done.status for done in made.jobs if "H1" not in done.job.plans} == {"passed"}
    assert made.result.value("unreadable_count") == 1


def test_little_memory_gives_the_same_file(register: Path, tmp_path: Path) -> None:
    little = max(path.stat().st_size for path in register.parent.glob("*.gpkg")) * 4
    for name, options in (("all", ProvinceOptions(at_once=1)), ("little", ProvinceOptions(memory_bytes=little))):
        check(register, tmp_path / f"{name}.gpkg", at_once=options.at_once, memory_bytes=options.memory_bytes)
    assert_same(tmp_path / "all.gpkg", tmp_path / "little.gpkg")
