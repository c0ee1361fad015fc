"""Names are one only when they are the same; accents are folded to search, to propose, and where nothing else can be meant."""

from __future__ import annotations

import csv
import unicodedata
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planconcord.engine.errors import PlanError
from planconcord.engine.names import Found, Names, bare, folded, identity, same
from planconcord.engine.province.boundaries import Boundaries
from planconcord.engine.register.entry import Register, RegisterEntry
from planconcord.engine.register.folder import propose
from planconcord.engine.register.state import Expected, boards, chosen_territory, notes_on_names, remarks
from planconcord.engine.register.units import Units
from planconcord.engine.register.words import FOLDER
from small_province import CRS, box, check, layer, make

HAI = ("Xã Hải Hà", "Xã Hải Hạ")


@pytest.mark.parametrize("other", ["XÃ HẢI HÀ", "  Xã  Hải\u00a0Hà ", unicodedata.normalize("NFD", "Xã Hải Hà")])
def test_capitals_blanks_and_the_composition_of_letters_do_not_matter(other: str) -> None:
    assert same("Xã Hải Hà", other)


@pytest.mark.parametrize("other", ["Xã Hải Hạ", "Xã Hai Ha", "Hải Hà", "Phường Hải Hà", "Xã Hải Hà\u200b", ""])
def test_accents_and_words_do(other: str) -> None:
    assert not same("Xã Hải Hà", other)


def test_blank_names_are_never_one() -> None:
    assert not same("", "") and Names(["", " "]).find("") == Found()


def test_a_name_without_its_accents_is_the_only_one_like_it_or_none() -> None:
    assert Names(HAI).find("xã hải hạ") == Found("Xã Hải Hạ")
    assert Names(HAI[:1]).find("Xa Hai Ha") == Found("Xã Hải Hà", by_folding=True)
    assert Names(HAI).find("Xa Hai Ha") == Found()
    assert Names(["Xa Hai Ha"]).find("Xã Hải Hà", Names(HAI)) == Found()
    assert Names(["Xa Hai Ha"]).find("Xã Hải Hà", Names(["Xã Hải Hà", "XÃ HẢI HÀ"])) == Found(
        "Xa Hai Ha", by_folding=True
    )


def test_similar_names_are_proposed_the_most_similar_first() -> None:
    assert Names(["Xã Một", "Xã Hai", "Phường Hải An"]).similar("Phường Hai")[0] == "Xã Hai"
    assert Names(HAI).similar("xa hai ha") == sorted(HAI)
    assert Names(["Xã Một"]).similar("Thị trấn Đông Lạc") == []


LETTERS = st.text("aàảãáạăâdđeèẻẽéẹêioòỏõóọôơuưy AÀĐ_", min_size=1, max_size=6)


@given(st.lists(LETTERS, max_size=8), LETTERS, st.lists(LETTERS, max_size=4))
def test_what_is_found_is_the_name_itself_or_the_only_one_like_it_on_both_sides(
    among: list[str], wanted: str, rivals: list[str]
) -> None:
    found = Names(among).find(wanted, Names(rivals))
    exact = {name for name in among if identity(name) == identity(wanted)}
    like = {identity(name) for name in among if identity(name) and folded(name) == folded(wanted) != ""}
    asking = {identity(name) for name in (wanted, *rivals) if folded(name) == folded(wanted)}
    if exact and identity(wanted):
        assert same(found.name, wanted) and not found.by_folding
    elif len(like) == 1 == len(asking):
        assert found.by_folding and identity(found.name) in like
    else:
        assert found == Found()


def test_the_word_for_the_kind_of_a_unit_is_no_part_of_its_bare_name() -> None:
    assert [bare(name) for name in ("Thị trấn Đông_Lạc", "TP Hạ Long", "Xã Hải Hà")] == [
        "dong lac",
        "tp ha long",
        "hai ha",
    ]


@pytest.mark.parametrize(("table", "column"), [("columns.csv", "column"), ("words.csv", "value")])
def test_no_two_words_of_a_register_are_alike_but_for_accents(table: str, column: str) -> None:
    """Headers and words are read without accents, which is safe as long as nothing else can be meant."""
    with open(FOLDER / table, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    meant: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        for word in (row[column], row["en"], row["vi"], *row["also"].split("|")):
            if word:
                scope = row["column"] if table == "words.csv" else ""
                meant.setdefault((scope, folded(word)), set()).add(row[column])
    assert {word: values for word, values in meant.items() if len(values) > 1} == {}


# Territories of a register


def register_of(*territories: str, level: str = "commune") -> Register:
    entries = [
        RegisterEntry(number, f"P{number}", level=level, territory=name, source=f"p{number}.gpkg", status="approved")
        for number, name in enumerate(territories, 2)
    ]
    return Register(Path("register.csv"), tuple(entries))


def test_two_communes_that_differ_by_a_tone_are_two_on_the_board() -> None:
    register = register_of(*HAI)
    [board] = boards(register)
    assert (board.count, board.approved) == (2, 2)
    assert notes_on_names(register, ()) == [("register.note.alike", {"names": "Xã Hải Hà, Xã Hải Hạ"})]


def test_plans_without_a_territory_are_no_versions_of_each_other() -> None:
    [board] = boards(register_of("", ""))
    assert board.count == 2


def test_a_commune_that_differs_by_a_tone_is_missing() -> None:
    expected = [Expected(name, "commune") for name in HAI]
    told = remarks(register_of("Xã Hải Hà"), date(2026, 1, 1), "en", expected)
    assert [(one.rule, one.territory) for one in told] == [("register.missing", "Xã Hải Hạ")]
    assert boards(register_of("Xã Hải Hà"), expected)[0].not_yet == 1


def test_an_expected_plan_written_without_accents_is_there_and_told() -> None:
    register, expected = register_of("Xã Hải Hà"), [Expected("Xa Hai Ha", "commune")]
    assert remarks(register, date(2026, 1, 1), "en", expected) == []
    assert notes_on_names(register, expected) == [
        ("register.note.expected", {"given": "Xa Hai Ha", "name": "Xã Hải Hà"})
    ]
    assert boards(register, expected)[0].count == 1


def test_a_territory_is_chosen_without_accents_only_where_one_is_meant() -> None:
    assert chosen_territory(register_of("Xã Hải Hà"), (), "xa hai ha") == (
        "Xã Hải Hà", [("register.note.meant", {"given": "xa hai ha", "name": "Xã Hải Hà"})]
    )  # fmt: skip
    assert chosen_territory(register_of(*HAI), (), "xã hải hạ") == ("Xã Hải Hạ", [])
    with pytest.raises(PlanError) as caught:
        chosen_territory(register_of(*HAI), (), "Xa Hai Ha")
    assert "Xã Hải Hà, Xã Hải Hạ" in caught.value.text("en")
    with pytest.raises(PlanError):
        chosen_territory(register_of("Xã Hải Hà"), (), "Huyện Z")


# Boundaries


def boundaries(folder: Path, names: list[str], *territories: str, **more: list[str]) -> tuple[Boundaries, Register]:
    layer(folder / "ranh_gioi.gpkg", [box(1000.0 * n, 0, 1000, 1000) for n in range(len(names))], ten=names, **more)
    register = register_of(*territories)
    register = Register(folder / "register.csv", register.entries)
    return Boundaries(register), register


def west(found: Boundaries, entry: RegisterEntry) -> float | None:
    import pyproj

    ground = found.of(entry, pyproj.CRS.from_user_input(CRS))
    return None if ground is None else ground.shape.bounds[0] - box(0, 0, 1, 1).bounds[0]


def test_each_commune_has_its_own_boundary(tmp_path: Path) -> None:
    found, register = boundaries(tmp_path, list(HAI), *HAI)
    assert [west(found, entry) for entry in register.entries] == [0, 1000]


def test_a_boundary_with_other_accents_counts_only_where_nothing_else_can_be_meant(tmp_path: Path) -> None:
    found, register = boundaries(tmp_path, ["Xa Hai Ha", "Xã Một"], "Xã Hải Hà")
    assert west(found, register.entries[0]) == 0
    found, register = boundaries(tmp_path, ["Xa Hai Ha", "Xã Một"], *HAI)
    assert [west(found, entry) for entry in register.entries] == [None, None]
    assert found.similar(register.entries[0])[0] == "Xa Hai Ha"


def test_a_column_without_accents_does_not_make_two_units_one(tmp_path: Path) -> None:
    found, register = boundaries(tmp_path, list(HAI), "Xa Hai Ha", khong_dau=["Xa Hai Ha"] * 2)
    assert west(found, register.entries[0]) is None
    found, register = boundaries(tmp_path, list(HAI), *HAI, khong_dau=["Xa Hai Ha"] * 2)
    assert [west(found, entry) for entry in register.entries] == [0, 1000]


def test_the_only_zone_is_not_the_territory_when_it_is_called_as_another(tmp_path: Path) -> None:
    found, register = boundaries(tmp_path, ["Xã Một"], "Xã Hai")
    assert west(found, register.entries[0]) == 0
    found, register = boundaries(tmp_path, ["Xã Một"], "Xã Hai", "Xã Một")
    assert [west(found, entry) for entry in register.entries] == [None, 0]


def test_a_folded_boundary_is_told_in_the_log(tmp_path: Path) -> None:
    register = make(tmp_path / "p")
    text = register.read_text(encoding="utf-8-sig").replace("Huyện A", "Huyen A")
    register.write_text(text, encoding="utf-8-sig")
    made = check(register, tmp_path / "f.gpkg")
    assert made.result.status == "passed"
    assert any("Huyen A (row 2) was taken for Huyện A" in line for line in made.result.log)


# Proposals


def test_a_file_s_name_is_matched_with_its_accents_where_it_has_them(tmp_path: Path) -> None:
    units = Units(HAI)
    assert units.named("QHSDD xã Hải Hạ 2030") == ["Xã Hải Hạ"]
    assert units.named("qhsdd_hai_ha") == list(HAI)
    assert Units(HAI[:1]).named("qhsdd_hai_ha") == ["Xã Hải Hà"]
    assert Units(("Xã An", "Huyện An Trạch")).named("qh_an_trach") == ["Huyện An Trạch"]
    assert Units(("Xã Hải Hà", "Thị trấn Hải Hà")).named("thi_tran_hai_ha") == ["Thị trấn Hải Hà"]


def test_a_name_that_fits_two_communes_is_proposed_for_neither_and_told(tmp_path: Path) -> None:
    layer(tmp_path / "ranh_gioi.gpkg", [box(0, 0, 9, 9), box(9, 0, 9, 9)], ten=list(HAI))
    layer(tmp_path / "hai_ha.gpkg", [box(0, 0, 9, 9)], ma=["1"])
    [row] = propose(tmp_path, tmp_path, "en")
    assert "territory" not in row and "fits several: Xã Hải Hà, Xã Hải Hạ" in row["reason"]
