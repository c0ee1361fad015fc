"""Rule sets as planners write them: folder, zip or CSV; every mistake named at once with file, row, column and remedy."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from planconcord.engine.errors import PlanError
from planconcord.engine.rulesets.reading import RuleSetError, read_ruleset
from planconcord.engine.tables import files as sources
from planconcord.engine.tables import mistakes as told

HEAD = "upper_code,lower_code,verdict,condition,min_area_m2,reason_vi,reason_en,reference,review\n"
ROWS = "RUNG,ODT,conflict,,,giữ rừng,forest stays,Điều 1,\nRUNG,DGT,conditional,có phép,250,đường,road,,review\n"
LAW = "upper_level,lower_level,must_adjust_vi,must_adjust_en,article\nprovincial,district,huyện,the district,Điều 6\n"


def written(folder: Path, content: str | bytes, name: str = "verdicts.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def mistakes(source: Path) -> list[tuple[str, dict[str, object]]]:
    """What is wrong with a rule set; every mistake must be told in both languages."""
    with pytest.raises(RuleSetError) as refused:
        read_ruleset(source)
    for language in ("en", "vi"):
        lines = refused.value.text(language).splitlines()
        assert str(source) in lines[0]
        assert len(lines) == 1 + min(len(refused.value.mistakes), told.SHOWN_ERRORS + 1)
        assert not any("{" in line for line in lines)
    assert str(refused.value) == refused.value.text("en")
    return refused.value.mistakes


def test_a_bare_csv_is_a_rule_set(tmp_path: Path) -> None:
    rules = read_ruleset(written(tmp_path, HEAD + ROWS, "luat_cua_toi.csv"))
    found = rules.verdict("rung", "dgt")
    assert (found.verdict, found.min_area_m2, found.review) == ("conditional", 250.0, "review")
    assert found.reason("vi") == "có phép; đường"
    assert found.reason("en") == "có phép; road"
    assert rules.verdict("RUNG", "ODT").reference == "Điều 1"
    assert rules.name == "luat_cua_toi"
    assert rules.must_adjust("provincial", "district", "vi")  # the built-in precedence stands in


def test_a_folder_may_bring_its_own_precedence(tmp_path: Path) -> None:
    written(tmp_path, HEAD + ROWS)
    written(tmp_path, LAW, "precedence.csv")
    rules = read_ruleset(tmp_path)
    assert rules.must_adjust("provincial", "district", "vi") == "huyện (Điều 6)"
    assert rules.must_adjust("provincial", "commune", "vi") == ""


@pytest.mark.parametrize("inside", ["", "bo quy tac/"])
def test_a_zip_is_read_whatever_its_folder(tmp_path: Path, inside: str) -> None:
    with zipfile.ZipFile(tmp_path / "rules.ZIP", "w") as archive:
        archive.writestr(f"{inside}verdicts.csv", HEAD + ROWS)
        archive.writestr(f"{inside}precedence.csv", LAW)
        archive.writestr("__MACOSX/._verdicts.csv", b"\x00\x05\x16")
    rules = read_ruleset(tmp_path / "rules.ZIP")
    assert rules.verdict("RUNG", "ODT").verdict == "conflict"
    assert rules.must_adjust("provincial", "district", "en") == "the district (Điều 6)"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv_as_spreadsheets_write_it(tmp_path: Path, separator: str, mark: bytes, end: str) -> None:
    content = (HEAD + ROWS).replace(",", separator).replace("\n", end)
    rules = read_ruleset(written(tmp_path, mark + content.encode()))
    assert len(rules.verdicts) == 2
    assert rules.verdict("RUNG", "DGT").min_area_m2 == 250


def test_a_semicolon_file_may_write_a_decimal_comma(tmp_path: Path) -> None:
    source = written(tmp_path, "upper_code;lower_code;verdict;min_area_m2\nA;B;conflict;12,5\n")
    assert read_ruleset(source).verdict("A", "B").min_area_m2 == 12.5


def test_columns_may_stand_in_any_order_and_case_and_blank_rows_are_nothing(tmp_path: Path) -> None:
    source = written(tmp_path, "Verdict, LOWER_CODE ,upper_code\n\n Conflict , b ,a\n , ,\n")
    rules = read_ruleset(source)
    assert list(rules.verdicts) == [("a", "b")]
    assert rules.verdict("A", "B").verdict == "conflict"


def test_a_quoted_text_may_hold_the_separator_and_a_line_break(tmp_path: Path) -> None:
    source = written(tmp_path, 'upper_code,lower_code,verdict,reason_vi\nA,B,conflict,"một, hai\nba"\nA,C,oh,\n')
    assert mistakes(source) == [
        (
            "rules.verdict",
            {
                "file": "verdicts.csv",
                "row": 4,
                "value": "oh",
                "expected": "conflict, conditional, compatible, unlisted",
            },
        )
    ]


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    source = written(
        tmp_path,
        "upper_code,lower_code,verdict,min_area_m2\n"
        "A,B,conflict,\n"
        ",C,compatible,\n"
        "A,,verboten,-1\n"
        "a,b,compatible,\n"
        "A,D,conflict,ten\n"
        "A,E,conflict,inf\n"
        "A,F,conflict,5,oops\n",
    )
    assert [(key, values["row"], values.get("column", "")) for key, values in mistakes(source)] == [
        ("rules.cells", 8, ""),
        ("rules.blank", 3, "upper_code"),
        ("rules.blank", 4, "lower_code"),
        ("rules.verdict", 4, ""),
        ("rules.number", 4, "min_area_m2"),
        ("rules.contradiction", 5, ""),
        ("rules.number", 6, "min_area_m2"),
        ("rules.number", 7, "min_area_m2"),
    ]


def test_a_contradiction_names_both_rows(tmp_path: Path) -> None:
    source = written(
        tmp_path, "upper_code,lower_code,verdict,min_area_m2\nA,B,conflict,\nA,B,conflict,\na, b,conflict,9\n"
    )
    with pytest.raises(RuleSetError) as refused:
        read_ruleset(source)
    told = refused.value.text("en")
    assert "row 4" in told
    assert "conflict (min_area_m2 9) for b on a, but row 2 says conflict" in told


def test_a_row_that_stands_twice_is_no_mistake(tmp_path: Path) -> None:
    assert len(read_ruleset(written(tmp_path, HEAD + ROWS + ROWS)).verdicts) == 2


def test_more_mistakes_than_a_person_reads_are_counted(tmp_path: Path) -> None:
    source = written(tmp_path, HEAD + "A,B,wrong\n" * 50)
    assert len(mistakes(source)) == 50


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"", "rules.columns"),
        (b"\n\n", "rules.columns"),
        (b"upper_code,verdict\nA,conflict\n", "rules.columns"),
        (HEAD.encode(), "rules.empty"),
        ("upper_code,lower_code,verdict\nĐẤT,B,conflict\n".encode("cp1258", "replace"), "rules.encoding"),
        ("upper_code,lower_code,verdict\nA,B,conflict\n".encode("utf-16"), "rules.encoding"),
        (b"PK\x03\x04\x14\xff\xfe", "rules.encoding"),
        (b'upper_code,lower_code,verdict\n"A,B,conflict\n' + b"x" * 140_000, "rules.csv"),
        (b'"' + b"x" * 140_000 + b'",lower_code,verdict\n', "rules.csv"),
        (b"upper_code,lower_code,verdict,verdict\nA,B,conflict,compatible\n", "rules.column_twice"),
    ],
)
def test_a_file_that_is_no_table_of_verdicts_is_one_clear_mistake(tmp_path: Path, content: bytes, key: str) -> None:
    assert [found for found, _ in mistakes(written(tmp_path, content))] == [key]


def test_text_that_is_not_utf8_names_its_row(tmp_path: Path) -> None:
    source = written(tmp_path, b"upper_code,lower_code,verdict\nA,B,conflict\nR\xf5ng,B,conflict\n")
    assert mistakes(source)[0][1]["row"] == 3


def test_missing_columns_are_named_with_those_found(tmp_path: Path) -> None:
    source = written(tmp_path, "upper_code,ma_dat,verdict\nA,B,conflict\n")
    assert mistakes(source) == [
        (
            "rules.columns",
            {"file": "verdicts.csv", "row": 1, "missing": "lower_code", "found": "upper_code, ma_dat, verdict"},
        )
    ]


@pytest.mark.parametrize(
    ("row", "key", "column"),
    [
        ("provincial,district,huyện,,", "rules.blank", "must_adjust_en"),
        ("provincial,huyện,huyện,the district,", "rules.level", "lower_level"),
        ("provincial", "rules.blank", "lower_level"),
    ],
)
def test_a_wrong_precedence_names_row_and_column(tmp_path: Path, row: str, key: str, column: str) -> None:
    written(tmp_path, HEAD + ROWS)
    written(tmp_path, LAW + row + "\n", "precedence.csv")
    found, values = mistakes(tmp_path)[0]
    assert (found, values["file"], values["row"], values["column"]) == (key, "precedence.csv", 3, column)


def refusal(source: Path) -> PlanError:
    with pytest.raises(PlanError) as refused:
        read_ruleset(source)
    assert str(source) in refused.value.text("en")
    assert str(source) in refused.value.text("vi")
    return refused.value


def test_a_source_without_verdicts_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path).key == "rules.no_verdicts"
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    assert refusal(tmp_path / "empty.zip").key == "rules.no_verdicts"


def test_what_cannot_be_opened_is_refused_with_the_reason(tmp_path: Path) -> None:
    assert refusal(tmp_path / "absent.csv").key == "rules.unreadable"
    assert refusal(written(tmp_path, "no zip at all", "broken.zip")).key == "rules.unreadable"


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "damaged.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("verdicts.csv", HEAD + ROWS * 50)
    content = bytearray(path.read_bytes())
    for place in range(60, 120):
        content[place] ^= 0xFF
    path.write_bytes(bytes(content))
    assert refusal(path).key == "rules.unreadable"


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("verdicts.csv", HEAD + ROWS)
    content = bytearray(path.read_bytes())
    content[6] |= 1  # the flag of encryption, in the local header and in the directory
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(content))
    assert refusal(path).key == "rules.unreadable"


@pytest.mark.parametrize("kind", ["csv", "zip", "folder"])
def test_a_file_too_large_is_not_read(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "LARGEST_FILE_BYTES", 100)
    source = written(tmp_path, HEAD + ROWS)
    if kind == "zip":
        source = tmp_path / "large.zip"
        with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("verdicts.csv", HEAD + ROWS)
    found = refusal(tmp_path if kind == "folder" else source)
    assert found.key == "rules.too_large"


def test_a_hundred_thousand_rows_are_read_and_asked(tmp_path: Path) -> None:
    rows = "".join(f"U{number % 400},L{number // 400},conflict,,,lý do,reason,,\n" for number in range(100_000))
    source = written(tmp_path, HEAD + rows)
    rules = read_ruleset(source)
    assert len(rules.verdicts) == 100_000
    assert all(rules.knows_lower(f"l{number % 250}") for number in range(100_000))
    assert not rules.knows_lower("Z")
    assert rules.knows_upper("U1")


def test_the_digest_changes_with_the_content_and_not_with_the_wrapping(tmp_path: Path) -> None:
    source = written(tmp_path, HEAD + ROWS)
    with zipfile.ZipFile(tmp_path / "rules.zip", "w") as archive:
        archive.writestr("verdicts.csv", HEAD + ROWS)
    first = read_ruleset(source).digest
    assert read_ruleset(tmp_path / "rules.zip").digest == first
    assert read_ruleset(tmp_path).digest == first
    written(tmp_path, HEAD + ROWS.replace("conflict", "compatible"))
    assert read_ruleset(source).digest != first


@pytest.mark.parametrize("nothing", [None, ""])
def test_without_a_source_the_built_in_draft_answers(nothing: str | None) -> None:
    rules = read_ruleset(nothing)
    assert rules.verdict("Z_LUA", "LUA").verdict == "compatible"
    assert rules.name == "provincial_draft"
    assert {row.verdict for row in rules.verdicts.values()} == {"conflict", "conditional", "compatible"}
    assert all(row.reason("vi") and row.reason("en") for row in rules.verdicts.values() if row.verdict != "compatible")
