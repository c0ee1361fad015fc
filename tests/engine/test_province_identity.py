"""What a province's earlier findings become when some of it could not be looked at: nothing else loses its id or its decisions."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import stores
from planconcord.engine.identity.previous import read_previous
from planconcord.engine.progress import Progress
from planconcord.engine.province.assessed import Assessed
from planconcord.engine.province.check import ProvinceResult
from planconcord.engine.province.jobs import OFFSETS, REGISTER, Job
from planconcord.engine.province.options import ProvinceOptions
from planconcord.engine.store.decisions import decide, history
from planconcord.engine.usecases.province import ProvinceRequest, write_province
from small_province import DISTRICTS, HEAD, StopsAfter, box, district, layer, make

PLANS = ("H0", "H1", "H2", "T")
FILES = dict(zip(PLANS, ("h0.gpkg", "h1.gpkg", "h2.gpkg", "tinh.gpkg")))


def faulty(folder: Path) -> Path:
    """Each district overlaps itself, leaves a gap, touches its neighbour, has a conflict, and a zone without geometry and code."""
    register = make(folder)
    for number in range(3):
        x = 1000.0 * number
        shapes = [
            box(x, 0, 500, 1000),
            box(x + 450, 0, 550, 600),
            box(x + 500, 700, 500 + 20 * (number < 2), 300),
            None,
        ]
        district(folder, number, shapes, ["LUC", "SKC", "LUC", ""])
    layer(
        folder / "tinh.gpkg", [box(0, 0, 1500, 1000), box(1400, 0, 1600, 1000)], ma=["T1", "T2"], ma_khu=["KV-LUA", ""]
    )
    return register


def run(
    register: Path, output: Path, previous: Path | None = None, progress: Progress | None = None, **options: object
):
    wanted = ProvinceRequest(
        str(register), output, register.parent / "rules.csv", previous, progress=progress or Progress()
    )
    given = ProvinceOptions(today=date(2026, 12, 1), **options)  # type: ignore[arg-type]
    return write_province(wanted, given)


def waived(path: Path) -> pd.DataFrame:
    """Waive everything; the findings of the store."""
    found = read_previous(path).findings
    decide(path, found["finding_id"].tolist(), "waived", "Lan", "agreed", "12/QĐ")
    return read_previous(path).findings


def spoil(register: Path, plan: str) -> None:
    (register.parent / FILES[plan]).write_bytes(b"SQLite format 3\0 and no more")


def by_id(findings: pd.DataFrame) -> pd.DataFrame:
    return findings.set_index("finding_id")[["rule", "plan_a", "zone_a", "plan_b", "status"]].sort_index()


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("province")
    register = faulty(folder / "p")
    run(register, folder / "1.gpkg")
    return register, folder / "1.gpkg", waived(folder / "1.gpkg")


def again(first: tuple[Path, Path, pd.DataFrame], folder: Path) -> tuple[Path, Path]:
    """A copy of the province and of its first store."""
    shutil.copytree(first[0].parent, folder / "p")
    shutil.copy(first[1], folder / "1.gpkg")
    return folder / "p" / first[0].name, folder / "1.gpkg"


def test_there_is_something_of_every_job(first) -> None:
    rules = set(first[2]["rule"])
    assert {
        "coverage.overlap",
        "coverage.gap",
        "border.overlap",
        "conformity.conflict",
        "geometry.empty",
        "code.missing",
    } <= rules
    assert first[2]["status"].eq("waived").all()


def test_what_two_checks_say_of_a_zone_without_a_place_is_one_finding(first) -> None:
    missing = first[2][first[2]["rule"] == "code.missing"]
    assert not missing[["plan_a", "zone_a"]].duplicated().any()
    assert sorted(missing["plan_a"]) == ["H0", "H1", "H2", "T"]


@pytest.mark.parametrize("plan", PLANS)
def test_whichever_plan_cannot_be_read_nothing_loses_its_id_or_decision(first, tmp_path: Path, plan: str) -> None:
    register, store = again(first, tmp_path)
    spoil(register, plan)
    made: ProvinceResult = run(register, tmp_path / "2.gpkg", store)
    before, after = by_id(first[2]), by_id(read_previous(tmp_path / "2.gpkg").findings)
    added = after.loc[after.index.difference(before.index)]
    assert set(added["rule"]) == {"register.unreadable"}
    assert after.loc[before.index].equals(before)
    assert made.result.value("resolved_count") == made.result.value("reopened_count") == 0
    shown = made.result.findings.set_index("finding_id")["change"]
    of_the_plan = (before["plan_a"] == plan) | (before["plan_b"] == plan)
    assert (shown.loc[before.index[of_the_plan]] == "unassessed").all()
    assert shown.loc[before.index[~of_the_plan]].isin(["persisting", "changed"]).all()
    assert {one.finding_id for one in history(tmp_path / "2.gpkg")} >= set(before.index)
    assert made.result.status != "passed" and not made.result.conforms
    shutil.copy(first[0].parent / FILES[plan], register.parent / FILES[plan])
    run(register, tmp_path / "3.gpkg", tmp_path / "2.gpkg")
    back = by_id(read_previous(tmp_path / "3.gpkg").findings)
    assert back.loc[before.index].equals(before)
    assert back.drop(before.index)["status"].tolist() == ["resolved"]


def test_who_stops_loses_nothing(first, tmp_path: Path) -> None:
    register, store = again(first, tmp_path)
    made = run(register, store, store, StopsAfter("Codes: Huyện B"))
    assert made.result.status == "partial"
    assert by_id(read_previous(store).findings).equals(by_id(first[2]))
    run(register, store, store)
    assert by_id(read_previous(store).findings).equals(by_id(first[2]))


def test_a_run_of_one_territory_resolves_nothing_elsewhere(first, tmp_path: Path) -> None:
    register, store = again(first, tmp_path)
    district(register.parent, 0)  # without a fault now
    made = run(register, tmp_path / "2.gpkg", store, territory="Huyện A")
    after = made.result.findings
    before = first[2].set_index("finding_id")
    gone = after[after["change"] == "resolved"]
    assert len(gone) and ((gone["plan_a"] == "H0") | (gone["plan_b"] == "H0")).all()
    assert not after["change"].eq("new").any()
    touched = before.loc[after["finding_id"]]
    assert ((touched["plan_a"].isin(["H0", "T"])) | (touched["plan_b"] == "H0")).all()


def test_a_plan_that_lies_elsewhere_now_keeps_what_was_decided_of_its_coverage(first, tmp_path: Path) -> None:
    register, store = again(first, tmp_path)
    district(register.parent, 2, [box(500_000 + 10 * k, 300_000, 10, 10) for k in range(50)])
    run(register, tmp_path / "2.gpkg", store)
    after = read_previous(tmp_path / "2.gpkg").findings.set_index("finding_id")
    before = first[2]
    coverage = before[before["rule"].str.startswith("coverage.") & (before["plan_a"] == "H2")]["finding_id"]
    assert len(coverage) and (after.loc[coverage, "status"] == "waived").all()


def test_a_decision_on_an_unreadable_plan_and_on_one_without_a_file_stays(tmp_path: Path) -> None:
    register = make(tmp_path / "p")
    with open(register, "a", encoding="utf-8") as file:
        file.write("\nX,huyện,Huyện X,,,,,đang lập,2030,T")
    spoil(register, "H1")
    run(register, tmp_path / "1.gpkg")
    before = by_id(waived(tmp_path / "1.gpkg"))
    assert set(before["rule"]) == {"register.unreadable", "register.unapproved"}
    run(register, tmp_path / "2.gpkg", tmp_path / "1.gpkg")
    assert by_id(read_previous(tmp_path / "2.gpkg").findings).equals(before)


def test_two_districts_and_an_unreadable_third_under_one_plan(tmp_path: Path) -> None:
    """PROV, D below it, and Z below it that cannot be read: what D and PROV have between them stays."""
    folder = tmp_path / "p"
    folder.mkdir()
    layer(folder / "d.gpkg", [box(0, 0, 1000, 1000)], ma=["1"], ma_dat=["SKC"])
    layer(folder / "z.gpkg", [box(1000, 0, 1000, 1000)], ma=["1"], ma_dat=["SKC"])
    layer(folder / "prov.gpkg", [box(0, 0, 2000, 1000)], ma=["T"], ma_khu=["KV-LUA"])
    register = folder / "register.csv"
    rows = [f"{n},huyện,Huyện {n},{n.lower()}.gpkg,ma,ma_dat,1:10.000,đã phê duyệt,2030,PROV" for n in "DZ"]
    rows.append('PROV,tỉnh,Tỉnh X,prov.gpkg,ma,ma_khu,"1:50.000",đã phê duyệt,2030,')
    register.write_text("\n".join([HEAD, *rows]), encoding="utf-8-sig")
    shutil.copy(make(tmp_path / "other").parent / "rules.csv", folder / "rules.csv")
    (folder / "z.gpkg").write_bytes(b"no plan")
    run(register, tmp_path / "1.gpkg")
    before = by_id(waived(tmp_path / "1.gpkg"))
    assert ("conformity.conflict", "D", "PROV") in set(zip(before["rule"], before["plan_a"], before["plan_b"]))
    run(register, tmp_path / "2.gpkg", tmp_path / "1.gpkg")
    assert by_id(read_previous(tmp_path / "2.gpkg").findings).equals(before)


def test_every_rule_belongs_to_a_job() -> None:
    from planconcord.engine.catalogue import rules
    from planconcord.engine.province.assessed import SPOKEN_OF_BY

    assert all(any(rule.startswith(start) for start, _ in SPOKEN_OF_BY) for rule in rules())
    nothing = Assessed(frozenset(), frozenset())
    assert nothing.unsure(stores.findings(2)).tolist() == [True, True]  # of plans that the register does not read
    assert len(DISTRICTS) == 3


def test_what_the_register_alone_says_is_unsure_only_where_that_failed() -> None:
    told = stores.findings(1).assign(plan_a="P", plan_b="", territory="A")
    names = frozenset({"P"})
    for job, rule, unsure in (
        (Job(REGISTER, ()), "register.expired", True),
        (Job(OFFSETS, ()), "register.expired", False),
        (Job(OFFSETS, ()), "register.crs", True),
        (Job(REGISTER, ()), "coverage.gap", False),
        (Job("checkcoverage", ("P",)), "coverage.gap", True),
        (Job("checkcoverage", ("Q",)), "coverage.gap", False),
        (Job("codes", ("P",)), "code.missing", True),
        (Job("areas", ("P",)), "area.declared", True),
        (Job("areas", ("P",)), "coverage.gap", False),
    ):
        assert Assessed(names, names, (job,)).unsure(told.assign(rule=rule)).tolist() == [unsure], (job, rule)
