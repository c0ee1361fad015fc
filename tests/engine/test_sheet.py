"""The sheets of a store: what stands on them, escaped, in both languages, and nothing that needs a network."""

from __future__ import annotations

import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
import shapely
import sheets
from planconcord.cli.checks import main
from planconcord.engine.catalogue import rules
from planconcord.engine.errors import PlanError
from planconcord.engine.progress import Cancelled, Progress
from planconcord.engine.report.drawing import Drawing, round_denominator
from planconcord.engine.report.write import SheetOptions, file_names, write_sheets
from planconcord.engine.store.decisions import decide

TODAY = date(2026, 11, 22)
VOID = ("meta", "br")


class Page(HTMLParser):
    """The words and elements of a page, every one of which must be closed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.html = path.read_text(encoding="utf-8")
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.ids: list[str] = []
        said: list[str] = []
        self._said = said
        self.feed(self.html)
        assert self.open == []
        self.words = re.sub(r"\s+", " ", " ".join(said))

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self._said.append(data)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    sheets.write(tmp_path / "kho.gpkg", defence=False)
    return tmp_path / "kho.gpkg"


def written(store: Path, **wishes: object) -> dict[str, Page]:
    made = write_sheets(store, store.parent / "phiếu", SheetOptions(**{"today": TODAY, **wishes}))  # type: ignore[arg-type]
    return {path.name: Page(path) for path in (*made.sheets, made.province)}


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_sheet_tells_each_finding_with_both_sides_and_a_line_to_sign(store: Path, language: str) -> None:
    pages = written(store, language=language)
    assert sorted(pages) == ["province.html", "sheet-huyen-a.html", "sheet-thi-xa-b.html"]
    page = pages["sheet-huyen-a.html"]
    titles = [rules()[code].text("title", language) for code in ("conformity.conflict", "coverage.overlap")]
    expected = {
        "vi": ("Bên A", "0,40 ha · 20,0 m", "9,00 ha", "Chữ ký:", "chưa xử lý", "Đất khu công nghiệp"),
        "en": ("Side A", "0.40 ha · 20.0 m", "9.00 ha", "Signature:", "open", "Industrial"),
    }[language]
    for told in (*titles, *expected, "SKK", "Z_RPH", "QHT · Q-2", "Điều 6.8 & 6.9", "quy hoạch cấp huyện <b>"):
        assert told in page.words, told
    assert page.tags.count("svg") == 3 and page.html.count('class="sign"') == 2
    assert f'<html lang="{language}">' in page.html


def test_what_came_from_a_layer_is_escaped(store: Path) -> None:
    for page in written(store).values():
        assert not {"script", "img", "iframe", "object", "link"} & set(page.tags)
        assert not [name for name, _ in page.attributes if name.startswith("on") or name == "src"]
    page = written(store)["sheet-huyen-a.html"]
    assert sheets.HOSTILE in page.words


def test_a_page_needs_no_network(store: Path) -> None:
    for page in written(store).values():
        assert "http" not in re.sub(r'http-equiv="Content', "", page.html)
        assert not re.search(r"url\(|@import|<link|xlink", page.html)
        links = [value for name, value in page.attributes if name == "href"]
        assert all(re.fullmatch(r"sheet-[a-z-]+\.html(#f-\d+)?", link) for link in links)


def test_a_decision_stands_with_its_note_and_document_and_is_no_longer_disputed(store: Path) -> None:
    ids = {row[0]: row[1] for row in ((e["zone_a"], e["finding_id"]) for e in _entries(store))}
    decide(store, [ids["A-2"]], "waived", "Chị Lan", "Đã thống nhất <họp>", "12/BC-UBND", "2027-03-01")
    decide(store, [ids["B-7"]], "accepted", "Anh Nam")
    pages = written(store)
    for told in ("được miễn trừ · Chị Lan", "đến 01/03/2027", "Đã thống nhất <họp>", "12/BC-UBND"):
        assert told in pages["sheet-huyen-a.html"].words
    province = pages["province.html"]
    assert "1 điểm còn vướng" in province.words and "Z_RPH" not in province.words
    assert "Thị xã B: " not in province.words
    lapsed = written(store, today=date(2027, 3, 2))["province.html"]
    assert "2 điểm còn vướng" in lapsed.words and "đã hết hạn miễn trừ" in lapsed.words


def _entries(store: Path) -> list:
    from planconcord.engine.report.reading import read_contents

    return read_contents(store, TODAY).entries()


def test_the_counts_are_those_of_the_store(store: Path) -> None:
    made = write_sheets(store, store.parent, SheetOptions(today=TODAY))
    assert (len(made.sheets), made.findings, made.disputed) == (2, 3, 3)
    page = Page(made.sheets[1])
    row = re.search(r'<td class="name">thông tin</td>(.*?)</tr>', page.html)
    assert row and re.findall(r"<td>(.*?)</td>", row.group(1)) == ["1", "1", "0", "0", "0", "0,00"]


def test_one_territory_only_and_one_that_is_not_there(store: Path) -> None:
    assert sorted(written(store, territory="Thị xã B")) == ["province.html", "sheet-thi-xa-b.html"]
    with pytest.raises(PlanError, match="Huyện C; it has: Huyện A, Thị xã B"):
        written(store, territory="Huyện C")


def test_the_zones_of_a_plan_are_drawn_and_named(store: Path) -> None:
    ground = sheets.plan([(sheets.square(0, 0, 2_000), "<LUC>"), (sheets.square(2_000, 0, 500), "ODT")])
    made = write_sheets(store, store.parent, SheetOptions(today=TODAY), [ground])
    page = Page(made.sheets[0])
    assert page.html.count('class="zone"') >= 3 and "<LUC>" in page.words


def outlined(store: Path, *plans: object) -> list[tuple[str, str]]:
    """(finding, side) of every zone that the sheet of Huyện A outlines, and the stroke is that of the table beside it."""
    made = write_sheets(store, store.parent, SheetOptions(today=TODAY), plans)  # type: ignore[arg-type]
    found = []
    for section in Page(made.sheets[0]).html.split('<section class="finding"')[1:]:
        zone = re.search(r"(Q-2|B-1)", section)
        sides = re.findall(r'class="side ([ab])" stroke="(#\w+)"', section)
        assert sides == re.findall(r'class="line ([ab])" style="border-color:(#\w+)"', section)
        found += [(zone.group(1), side) for side, _ in sides] if zone else []
    return sorted(found)


def test_both_zones_of_a_finding_are_outlined(store: Path) -> None:
    """By their keys, else by their codes where only one zone can be meant."""
    overlapping = [(sheets.square(0, 0, 400), "LUC"), (sheets.square(100, 100, 600, 300), "ODT")]
    site, forest = (sheets.square(900, 400, 200, 20), "SKK"), (sheets.square(850, 300, 900, 500), "Z_RPH")
    lower, upper = sheets.plan([*overlapping, site]), sheets.plan([forest], "QHT")
    both = [("B-1", "a"), ("B-1", "b"), ("Q-2", "a"), ("Q-2", "b")]
    assert outlined(store, lower, upper) == both
    keyed = sheets.plan([*overlapping, site], keys=(sheets.HOSTILE, "B-1", "A-2"))
    assert outlined(store, keyed, sheets.plan([forest], "QHT", keys=("Q-2",))) == both
    other = sheets.plan([*overlapping, site], keys=("x", "B-1", "z"))
    assert outlined(store, other) == [("B-1", "b")]
    twice = sheets.plan([*overlapping, (sheets.square(90, 90, 320), "LUC")])
    assert outlined(store, twice) == [("B-1", "b")], "nobody can tell which of the two zones with LUC is meant"
    assert outlined(store) == []


def test_territories_that_look_alike_have_files_of_their_own() -> None:
    names = file_names(["Huyện Đồng", "Huyen Dong", "", "../../etc", "漢"])
    assert list(names.values()) == [
        "sheet-huyen-dong.html",
        "sheet-huyen-dong-2.html",
        "sheet-territory.html",
        "sheet-etc.html",
        "sheet-territory-2.html",
    ]


def test_a_map_is_true_to_its_scale() -> None:
    made = Drawing((0, 0, 1000, 1000), 54, 54, "vi", "bản đồ")
    assert made.denominator == 20_000 and made.scale_text() == "1:20.000"
    assert made.place(500, 500) == pytest.approx((2700, 2700))
    assert made.place(700, 500)[0] - 2700 == pytest.approx(1000)  # 200 m at 1:20,000 are 10 mm
    made.outline(shapely.box(400, 400, 600, 600), 'fill="none"')
    assert "M3200 3200L3200 2200L2200 2200L2200 3200Z" in made.svg()
    assert [round_denominator(least) for least in (1, 501, 1000, 1001, 7_600, 76_000)] == [
        500,
        600,
        1000,
        1250,
        10_000,
        100_000,
    ]


def test_a_folder_that_cannot_be_written_is_told(store: Path) -> None:
    (store.parent / "tệp").write_text("đây là tệp", encoding="utf-8")
    with pytest.raises(PlanError) as told:
        write_sheets(store, store.parent / "tệp", SheetOptions(today=TODAY))
    assert told.value.key == "sheet.unwritable" and "tệp" in told.value.text("vi")


def test_it_stops_when_told_to(store: Path) -> None:
    class Stopping(Progress):
        def cancelled(self) -> bool:
            return True

    with pytest.raises(Cancelled):
        write_sheets(store, store.parent / "phiếu", SheetOptions(today=TODAY), progress=Stopping())
    assert not (store.parent / "phiếu").exists()


def test_the_command_line(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = store.parent / "phiếu"
    assert main(["writesheet", "--findings", str(store), "--output", str(folder), "--language", "en"]) == 0
    told = capsys.readouterr().out
    assert "SHEET_COUNT: 2\nFINDING_COUNT: 3\nDISPUTED_COUNT: 3\n" in told
    assert "still disputed" in (folder / "province.html").read_text(encoding="utf-8")
    assert main(["writesheet", "--findings", str(folder / "no.gpkg"), "--output", str(folder), "--language", "en"]) == 2
    assert "no.gpkg" in capsys.readouterr().err
