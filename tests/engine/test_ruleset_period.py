"""A rule set that is not in force on the day of the run is told; citations in English; sets without either stay as they were."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from planconcord.cli.checks import main
from planconcord.engine.checks.conformity import check_conformity
from planconcord.engine.checks.settings import Settings
from planconcord.engine.plan import PlanLayer
from planconcord.engine.rulesets.period import in_force, told_of_period, warning
from planconcord.engine.rulesets.reading import read_ruleset
from planconcord.engine.rulesets.ruleset import RuleSet
from planconcord.engine.tolerance import Tolerance

HEAD = "upper_code,lower_code,verdict,reason_vi,reason_en,reference"


def rule_set(folder: Path, validity: str = "", head: str = HEAD, row: str = "RUNG,ODT,conflict,x,y,Điều 1") -> RuleSet:
    folder.mkdir()
    (folder / "verdicts.csv").write_text(f"{head}\n{row}\n", encoding="utf-8")
    if validity:
        (folder / "ruleset.toml").write_text(f'name = "bộ"\nversion = "1"\n[validity]\n{validity}\n', encoding="utf-8")
    return read_ruleset(folder)


def plan(name: str, code: str) -> PlanLayer:
    frame = gpd.GeoDataFrame({"ma": [code]}, geometry=[shapely.box(530_000, 1_660_000, 530_100, 1_660_100)], crs=5899)
    return PlanLayer.from_frame(frame, name, "", "ma", level="district" if code == "ODT" else "provincial")


@pytest.mark.parametrize(
    ("validity", "day", "inside"),
    [
        ("", date(1990, 1, 1), True),
        ("from = 2021-01-01", date(2020, 12, 31), False),
        ("from = 2021-01-01", date(2021, 1, 1), True),
        ("to = 2030-12-31", date(2030, 12, 31), True),
        ("to = 2030-12-31", date(2031, 1, 1), False),
        ("from = 2021-01-01\nto = 2030-12-31", date(2026, 11, 22), True),
    ],
)
def test_the_period_holds_its_first_and_its_last_day(tmp_path: Path, validity: str, day: date, inside: bool) -> None:
    rules = rule_set(tmp_path / "bộ", validity)
    assert in_force(rules, day) is inside and (warning(rules, "en", day) == "") is inside


def test_a_run_outside_the_period_says_so_first_and_counts_it(tmp_path: Path) -> None:
    rules = rule_set(tmp_path / "bộ", "from = 2021-01-01\nto = 2024-12-31")
    result = check_conformity(plan("lower", "ODT"), plan("upper", "RUNG"), rules, Settings(Tolerance(1.0), "en"))
    told = told_of_period(result, rules, "en", date(2026, 11, 22))
    assert told.value("rules_out_of_force") == 1 and told.log[1:] == result.log
    for part in ("bộ 1", "2021-01-01", "2024-12-31", "2026-11-22", "ruleset.toml"):
        assert part in told.log[0]
    assert told.status == result.status and len(told.findings) == len(result.findings)
    still = told_of_period(result, rules, "en", date(2024, 12, 31))
    assert still.value("rules_out_of_force") == 0 and still.log == result.log


def test_the_command_line_warns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rule_set(tmp_path / "bộ", "to = 2024-12-31")
    for name, code in (("lower", "ODT"), ("upper", "RUNG")):
        plan(name, code).zones.set_crs(5899).to_file(tmp_path / f"{name}.gpkg")
    given = [f"--{name}={tmp_path / name}.gpkg" for name in ("lower", "upper")]
    codes = ["--lower-code=code", "--upper-code=code", f"--rules={tmp_path / 'bộ'}", "--language=vi"]
    assert main(["checkconformity", *given, *codes, f"--findings={tmp_path / 'kho.gpkg'}"]) == 1
    told = capsys.readouterr()
    assert "RULES_OUT_OF_FORCE: 1" in told.out and "2024-12-31" in told.err and "quy tắc không còn" in told.err


def test_english_messages_cite_in_english(tmp_path: Path) -> None:
    rules = rule_set(
        tmp_path / "bộ", head=f"{HEAD},reference_en", row="RUNG,ODT,conflict,x,y,Luật A Điều 1,Law A Art. 1"
    )
    for language, reference, article in (
        ("en", "Law A Art. 1", "district land-use plan (Land Law 2024, Art. 60)"),
        ("vi", "Luật A Điều 1", "quy hoạch sử dụng đất cấp huyện (Luật Đất đai 2024, Điều 60)"),
    ):
        settings = Settings(Tolerance(1.0), language)
        found = check_conformity(plan("lower", "ODT"), plan("upper", "RUNG"), rules, settings).findings
        found = found[found["rule"] == "conformity.conflict"]
        assert found["reference"].tolist() == [reference] and found["must_adjust"].tolist() == [article]


def test_a_set_without_english_citations_loads_and_keeps_its_digest(tmp_path: Path) -> None:
    old = rule_set(tmp_path / "cũ")
    empty = rule_set(tmp_path / "trống", head=f"{HEAD},reference_en", row="RUNG,ODT,conflict,x,y,Điều 1,")
    new = rule_set(tmp_path / "mới", head=f"{HEAD},reference_en", row="RUNG,ODT,conflict,x,y,Điều 1,Art. 1")
    assert old.verdict("RUNG", "ODT").cited("en") == "Điều 1" and new.verdict("RUNG", "ODT").cited("en") == "Art. 1"
    assert old.digest == empty.digest != new.digest


def test_the_built_in_set_cites_everything_in_english() -> None:
    rules = read_ruleset(None)
    assert all(bool(row.reference) == bool(row.reference_en) for row in rules.verdicts.values())
    assert all(bool(row.article) == bool(row.article_en) for row in rules.precedence.values())
    cited = {row.cited("en") for row in rules.verdicts.values()} | {row.text("en") for row in rules.precedence.values()}
    assert not [words for words in cited if "Điều" in words or "Luật" in words]
