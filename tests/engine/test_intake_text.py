"""Texts from before Unicode: decoded column by column, and good Unicode never touched."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from intake_files import LAND_USE, encoded, legacy_shapefile, vietnamese_columns, write, zones
from planconcord.engine.catalogue import LANGUAGES
from planconcord.engine.intake.columns import decode_columns, preview
from planconcord.engine.intake.errors import IntakeError
from planconcord.engine.intake.legacytext import AS_IS, VIETNAMESE_ONLY, WINDOWS_1252, decide, decode
from planconcord.engine.intake.preparing import PreparationOptions, original_table, prepare, prepare_plan
from planconcord.engine.intake.report import IntakeReport
from planconcord.engine.intake.syllables import is_syllable

COLUMNS = vietnamese_columns()
MOSTLY = 0.5
VIETNAMESE = {
    name: texts
    for name, texts in COLUMNS.items()
    if sum(VIETNAMESE_ONLY.search(text) is not None for text in texts) >= MOSTLY * len(texts)
}
SCRIPTS = ("tcvn3", "vni", "cp1258")


def table(**columns: list[str]) -> gpd.GeoDataFrame:
    count = len(next(iter(columns.values())))
    return gpd.GeoDataFrame(columns, geometry=[shapely.box(n, 0, n + 1, 1) for n in range(count)], crs=5899)


@pytest.mark.parametrize("word", ["Đất", "nghiêng", "quyết", "giếng", "gì", "Đắk", "khuya", "xoong", "y", "ở", "thuở"])
def test_a_syllable_is_known(word: str) -> None:
    assert is_syllable(word) and is_syllable(word.upper())


@pytest.mark.parametrize("word", ["Êt", "trång", "ngườờ", "các̉h", "Forêt", "möôùc", "", "ss", "cat", "tap"])
def test_what_no_syllable_can_be_is_not_one(word: str) -> None:
    assert not is_syllable(word)


def test_good_unicode_is_never_touched_by_column_or_by_cell() -> None:
    cells = {text for texts in COLUMNS.values() for text in texts}
    assert len(cells) > 2500 and len(VIETNAMESE) > 15
    for name, texts in COLUMNS.items():
        assert decide(texts, are_bytes=False).encoding == AS_IS, name
    touched = [text for text in cells if decide([text], are_bytes=False).encoding != AS_IS]
    assert touched == []


@pytest.mark.parametrize("form", ["bytes", "shown as Latin-1", "shown as Windows-1252"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_every_vietnamese_column_of_the_tables_comes_back_from_a_legacy_script(script: str, form: str) -> None:
    columns = letters = 0
    for name, texts in VIETNAMESE.items():
        pairs = [(text, raw) for text in dict.fromkeys(texts) if (raw := encoded(text, script)) and not raw.isascii()]
        if len(pairs) < 3:
            continue
        shown = [raw.decode("cp1252" if form.endswith("1252") else "latin-1") for _, raw in pairs]
        decision = decide(shown, are_bytes=form == "bytes")
        assert decision.encoding == script, (name, decision)
        assert [decode(text, script) for text in shown] == [text for text, _ in pairs], name
        columns, letters = columns + 1, letters + sum(map(len, shown))
    assert columns >= 15 and letters > 20_000


def test_unicode_that_was_read_as_latin_1_comes_back() -> None:
    shown = [text.encode("utf-8").decode("latin-1") for text in LAND_USE]
    assert decide(shown, are_bytes=False).encoding == "utf-8"
    assert [decode(text, "utf-8") for text in shown] == list(LAND_USE)


def test_a_letter_that_the_width_of_the_field_cut_is_dropped() -> None:
    cut = "Đất trồng lúa".encode()[:-5].decode("latin-1")
    assert decode(cut, "utf-8") == "Đất trồng"
    assert decode("Đất trồ".encode()[:-1].decode("latin-1"), "utf-8") == "Đất tr"


@pytest.mark.parametrize(
    "texts", [["Forêt", "équipements", "déjà"], ["Straße", "Müller"], ["©", "½", "m²"], ["xã", "xã"]]
)
def test_other_languages_and_signs_stay(texts: list[str]) -> None:
    assert decide(texts, are_bytes=False).encoding == AS_IS
    assert decide(texts, are_bytes=True).encoding in (AS_IS, WINDOWS_1252)


def test_capitals_of_the_fonts_with_h_become_capitals() -> None:
    shouted = "".join((encoded(letter, "tcvn3") or b"").decode("latin-1") for letter in "ĐấT TRồNG LúA")
    assert decode(shouted, "tcvn3") == "ĐẤT TRỒNG LÚA"
    assert decode((encoded("Ấp Ô Môn", "vni") or b"").decode("latin-1"), "vni") == "Ấp Ô Môn"
    assert decode((encoded("Ở Ủ", "tcvn3") or encoded("ở ủ", "tcvn3") or b"").decode("latin-1"), "tcvn3") == "ở ủ"


def test_vps_is_refused_by_name() -> None:
    shown = [raw.decode("latin-1") for text in LAND_USE if (raw := encoded(text, "vps"))]
    with pytest.raises(IntakeError) as refused:
        decode_columns(table(ten=shown), True, "", "quy hoạch", IntakeReport("x"))
    assert (
        refused.value.state == "unsupported" and "VPS" in refused.value.text("vi") and "ten" in refused.value.text("en")
    )
    with pytest.raises(IntakeError):
        decode_columns(table(ten=["a"]), True, "VPS", "quy hoạch", IntakeReport("x"))


def test_a_column_that_could_be_either_follows_its_file() -> None:
    raw = [(encoded(text, "tcvn3") or b"").decode("latin-1") for text in LAND_USE]
    one = (encoded("xó", "tcvn3") or b"").decode("latin-1")
    assert one == "xã"
    made, _, usual = decode_columns(table(ten=raw, loai=[one] * 4), True, "", "quy hoạch", IntakeReport("x"))
    assert usual == "tcvn3" and list(made.loai) == ["xó"] * 4
    alone, changes, _ = decode_columns(table(loai=[one] * 4), True, "", "quy hoạch", IntakeReport("x"))
    assert list(alone.loai) == ["xã"] * 4 and changes == []


def test_field_names_are_decoded_and_kept_apart() -> None:
    name = (encoded("Loại đất", "tcvn3") or b"").decode("latin-1")
    report = IntakeReport("x")
    made, _, _ = decode_columns(table(**{name: ["a"], "Loại đất": ["b"], "Tªn": ["c"]}), False, "tcvn3", "q", report)
    assert list(made.columns[:3]) == ["Loại đất_2", "Loại đất", "Tên"]
    assert report.count("intake.fields_decoded") == 2


@pytest.mark.parametrize("cpg", [None, "1258", "1252", "ISO-8859-1"])
@pytest.mark.parametrize("script", ["tcvn3", "vni"])
def test_a_legacy_shapefile_is_read_whatever_its_cpg_says(tmp_path: Path, script: str, cpg: str | None) -> None:
    path = legacy_shapefile(tmp_path, script, cpg=cpg)
    plan, report = prepare_plan(str(path), PreparationOptions(key_field="ten", code_field="ma"))
    assert list(plan.zones.key) == list(LAND_USE) and list(plan.zones.code) == ["LUC", "ONT", "RPH", "BCS"]
    assert report.count("intake.decoded") == 4 and ("intake.note.without_cpg" in dict(report.entries)) == (cpg is None)
    for language in LANGUAGES:
        assert any(script in line and "Đất trồng lúa nước" in line for line in report.lines(language))
    assert [entry for entry in plan.notes if entry[0] == "intake.decoded"]


def test_cp1258_keeps_its_last_letter(tmp_path: Path) -> None:
    path = legacy_shapefile(tmp_path, "cp1258", cpg="1258")
    made = prepare(str(path), PreparationOptions()).table
    assert list(made.ma) == ["LUC", "ONT", "RPH", "BCS"] and list(made.ten) == list(LAND_USE)


@pytest.mark.parametrize("charset", ["Neutral", "WindowsLatin1", "WindowsVietnamese"])
@pytest.mark.parametrize("script", ["tcvn3", "vni"])
def test_mapinfo_texts_are_read_whatever_the_charset_says(tmp_path: Path, script: str, charset: str) -> None:
    path = write(tmp_path, "mif")
    path.write_bytes(path.read_bytes().replace(b'Charset "Neutral"', f'Charset "{charset}"'.encode()))
    lines = [b'"LUC","' + (encoded(text, script) or b"") + b'"' for text in LAND_USE]
    path.with_suffix(".mid").write_bytes(b"\r\n".join(lines) + b"\r\n")
    made = prepare(str(path), PreparationOptions(crs="EPSG:5899"))
    assert list(made.table.ten) == list(LAND_USE) and list(made.table.ma) == ["LUC"] * 4


@pytest.mark.parametrize("ending", ["gpkg", "geojson", "gdb"])
def test_legacy_letters_stored_as_unicode_are_decoded_too(tmp_path: Path, ending: str) -> None:
    shown = [(encoded(text, "tcvn3") or b"").decode("latin-1") for text in LAND_USE]
    made = prepare(str(write(tmp_path, ending, zones(texts=shown))), PreparationOptions())
    assert list(made.table.ten) == list(LAND_USE)


def test_an_encoding_that_is_given_is_taken_and_none_leaves_everything(tmp_path: Path) -> None:
    path = legacy_shapefile(tmp_path, "vni")
    assert list(prepare(str(path), PreparationOptions(encoding="VNI")).table.ten) == list(LAND_USE)
    left = prepare(str(path), PreparationOptions(encoding="none"))
    assert left.table.ten[0].encode("latin-1") == encoded(LAND_USE[0], "vni") and left.texts == ()
    with pytest.raises(IntakeError) as refused:
        prepare(str(path), PreparationOptions(encoding="klingon"))
    assert "klingon" in refused.value.text("vi")


def test_the_untouched_original_can_be_had(tmp_path: Path) -> None:
    path = legacy_shapefile(tmp_path, "tcvn3")
    before = path.with_suffix(".dbf").read_bytes()
    assert original_table(str(path)).ten[0].encode("latin-1") == encoded(LAND_USE[0], "tcvn3")
    prepare(str(path), PreparationOptions())
    assert path.with_suffix(".dbf").read_bytes() == before


def test_a_field_may_be_asked_for_as_the_file_spells_it(tmp_path: Path) -> None:
    raw = (encoded("tên_đất", "tcvn3") or b"").decode("latin-1")
    path = legacy_shapefile(tmp_path, "tcvn3", field=raw)
    for name in (raw, "tên_đất"):
        plan, report = prepare_plan(str(path), PreparationOptions(key_field=name))
        assert plan.zones.key[0] == "Đất trồng lúa nước" and report.count("intake.fields_decoded") == 1


def test_the_preview_shows_before_and_after_and_escapes(tmp_path: Path) -> None:
    shown = (encoded("Đất <b>trồng</b> lúa nước", "tcvn3") or b"").decode("latin-1")
    made = prepare(str(write(tmp_path, "gpkg", zones(texts=[shown]))), PreparationOptions())
    page = preview(list(made.texts), "vi")
    assert "Đất &lt;b&gt;trồng&lt;/b&gt; lúa nước" in page and "§Êt &lt;b&gt;trång" in page and "<b>" not in page


def mixture(*scripts: str) -> list[str]:
    """LAND_USE, each row in a script of its own, as bytes shown as Latin-1."""
    raw = [text.encode("utf-8") if one == "utf-8" else encoded(text, one) for text, one in zip(LAND_USE, scripts)]
    return [(one or b"").decode("latin-1") for one in raw]


@pytest.mark.parametrize(
    "scripts",
    [
        ("utf-8", "tcvn3", "utf-8", "utf-8"),
        ("tcvn3", "utf-8", "tcvn3", "tcvn3"),
        ("vni", "utf-8", "vni", "utf-8"),
        ("utf-8", "cp1258", "cp1258", "utf-8"),
        ("tcvn3", "vni", "tcvn3", "vni"),
    ],
)
def test_a_column_that_mixes_scripts_is_decoded_row_by_row_and_told(scripts: tuple[str, ...]) -> None:
    report = IntakeReport("x")
    made, changes, _ = decode_columns(table(ten=mixture(*scripts)), True, "", "quy hoạch", report)
    assert made["ten"].tolist() == list(LAND_USE)
    [told] = [values for key, values in report.entries if key == "intake.note.text_mixed"]
    assert told["count"] == 4 and told["column"] == "ten"
    assert all(name.upper() in str(told["scripts"]).upper() for name in set(scripts))
    assert report.changed and [change.column for change in changes] == ["ten"]


def test_rows_of_a_mixed_column_that_nothing_explains_are_counted(scripts: tuple[str, ...] = ("utf-8",) * 4) -> None:
    report = IntakeReport("x")
    texts = [*mixture(*scripts), "\xfe\xfd\xfb \xfa\xf9"]
    made, _, _ = decode_columns(table(ten=texts), True, "", "quy hoạch", report)
    assert made["ten"].tolist()[:4] == list(LAND_USE)
    assert report.count("intake.note.text_unreadable") == 1


def test_unicode_rows_stay_beside_rows_of_a_legacy_script() -> None:
    report = IntakeReport("x")
    shown = [LAND_USE[0], (encoded(LAND_USE[1], "tcvn3") or b"").decode("latin-1"), *LAND_USE[2:]]
    made, _, _ = decode_columns(table(ten=shown), False, "", "quy hoạch", report)
    assert made["ten"].tolist() == list(LAND_USE) and report.count("intake.note.text_mixed") == 4


@pytest.mark.parametrize("texts", [["NĐ 47/1999"], ["Luật 25/2023", "NĐ 13/2011", "QĐ 1", "NĐ 2", "HĐND", "NĐ 3"]])
def test_abbreviations_are_no_legacy_script(texts: list[str]) -> None:
    made, _, _ = decode_columns(table(ten=texts), False, "", "quy hoạch", IntakeReport("x"))
    assert made["ten"].tolist() == texts
