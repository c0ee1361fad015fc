"""Write the catalogue of rules, docs/rules.md and docs/rules.vi.md, out of
resources/rules/findings.csv.

`rules_page.py` overwrites both pages; a test holds them against the table, so run it after every
change of a rule. Needs the package importable (the venv of `make setup`), nothing else.
"""

from __future__ import annotations

from pathlib import Path

from planconcord.engine.catalogue import Rule, rules, text

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"en": ROOT / "docs" / "rules.md", "vi": ROOT / "docs" / "rules.vi.md"}

COVERAGE, BORDERS, CONFORMITY = "checkcoverage", "checkborders", "checkconformity"
REGISTER, PROVINCE, FIGURES = "checkregister", "checkprovince", "checkfigures"
REPORTED_BY = {
    "geometry.invalid": (COVERAGE,),
    "geometry.empty": (COVERAGE,),
    "geometry.duplicate": (COVERAGE,),
    "coverage.overlap": (COVERAGE,),
    "coverage.gap": (COVERAGE,),
    "coverage.outside": (COVERAGE,),
    "border.overlap": (BORDERS,),
    "border.gap": (BORDERS,),
    "border.mismatch": (BORDERS,),
    "border.abrupt": (BORDERS,),
    "key.missing": (COVERAGE,),
    "key.duplicate": (COVERAGE,),
    "code.missing": (COVERAGE, CONFORMITY),
    "code.unknown": (CONFORMITY,),
    "code.superseded": (CONFORMITY,),
    "conformity.conflict": (CONFORMITY,),
    "conformity.conditional": (CONFORMITY,),
    "conformity.unlisted": (CONFORMITY,),
    "conformity.unplanned": (CONFORMITY,),
    "conformity.unfulfilled": (CONFORMITY,),
    "conformity.diagram": (CONFORMITY,),
    "area.declared": (PROVINCE,),
    "figures.closure": (FIGURES,),
    "figures.total": (FIGURES,),
    "figures.unread": (FIGURES,),
    "register.missing": (REGISTER, PROVINCE),
    "register.expired": (REGISTER, PROVINCE),
    "register.unapproved": (REGISTER, PROVINCE),
    "register.unreadable": (REGISTER, PROVINCE),
    "register.crs": (PROVINCE,),
}
"""Which algorithm of this version reports a rule (checkprovince runs them all); the codes of the
others are set.
"""

GROUPS = {
    "geometry": ("Geometry", "Hình học"),
    "coverage": ("Coverage of one plan", "Độ phủ của một quy hoạch"),
    "border": ("Borders between neighbouring plans", "Ranh giới giữa các quy hoạch liền kề"),
    "conformity": ("Conformity with the upper plan", "Sự phù hợp với quy hoạch cấp trên"),
    "key": ("Keys", "Mã định danh"),
    "code": ("Land-use codes", "Mã loại đất"),
    "area": ("Areas against tables", "Diện tích so với bảng biểu"),
    "quota": ("Allotted land-use indicators", "Chỉ tiêu sử dụng đất được phân bổ"),
    "figures": ("Tables of figures", "Bảng số liệu"),
    "project": ("Projects", "Dự án"),
    "register": ("Register of plans", "Danh mục quy hoạch"),
}

WORDS = {
    "en": {
        "title": "Rules of Plan Concord",
        "about": (
            "Every finding carries the code of one rule in its field `rule`. Codes are stable and never reused. This page "
            "is made from [resources/rules/findings.csv](../resources/rules/findings.csv) by `tools/rules_page.py`; change "
            "the table, not the page."
        ),
        "severities": (
            "`error` makes CONFORMS false. `warning` asks a person to look. `info` is for information: a piece within "
            "the tolerance gets it whatever its rule, and keeps its area in the totals."
        ),
        "other": "[Tiếng Việt](rules.vi.md)",
        "severity": "Severity",
        "reported": "reported by",
        "later": "not reported by this version",
        "remedy": "What to do",
        "iso": "ISO 19157 measure {number} (from memory, to be reviewed)",
        "code": "Code",
        "name": "Title",
    },
    "vi": {
        "title": "Bảng quy tắc của Khớp quy hoạch",
        "about": (
            "Mỗi phát hiện mang mã của một quy tắc ở trường `rule`. Mã ổn định, không bao giờ dùng lại cho nghĩa khác. "
            "Trang này được `tools/rules_page.py` tạo từ "
            "[resources/rules/findings.csv](../resources/rules/findings.csv); hãy sửa bảng, đừng sửa trang."
        ),
        "severities": (
            "Mức `error` (lỗi) làm cho CONFORMS sai. Mức `warning` (cảnh báo) cần người xem xét. Mức `info` chỉ để thông "
            "tin: mảnh vụn trong phạm vi dung sai luôn ở mức này, bất kể quy tắc nào, và diện tích vẫn được tính vào tổng."
        ),
        "other": "[English](rules.md)",
        "severity": "Mức độ",
        "reported": "kiểm tra bởi",
        "later": "phiên bản này chưa kiểm tra",
        "remedy": "Cách xử lý",
        "iso": "phép đo {number} của ISO 19157 (ghi theo trí nhớ, cần rà soát)",
        "code": "Mã",
        "name": "Tên",
    },
}


def page(language: str) -> str:
    """Return the whole page in one language."""
    words = WORDS[language]
    catalogue = rules()
    lines = [f"# {words['title']}", "", words["other"], "", words["about"], "", words["severities"], ""]
    lines += [f"| {words['code']} | {words['name']} | {words['severity']} |", "|---|---|---|"]
    for code, rule in catalogue.items():
        lines.append(f"| [{code}](#{_anchor(code)}) | {rule.text('title', language)} | {_severity(rule, language)} |")
    for group, titles in GROUPS.items():
        lines += ["", f"## {titles[language == 'vi']}"]
        for code, rule in catalogue.items():
            if code.split(".")[0] == group:
                lines += ["", *_entry(code, rule, language)]
    return "\n".join(lines) + "\n"


def _entry(code: str, rule: Rule, language: str) -> list[str]:
    words = WORDS[language]
    makers = REPORTED_BY.get(code)
    reported = f"{words['reported']} {', '.join(f'`{maker}`' for maker in makers)}" if makers else words["later"]
    facts = [_severity(rule, language), reported]
    if rule.iso19157:
        facts.append(words["iso"].format(number=rule.iso19157))
    return [
        f"### {code}",
        "",
        f"**{rule.text('title', language)}** · {' · '.join(facts)}",
        "",
        rule.text("explanation", language),
        "",
        f"{words['remedy']}: {rule.text('remedy', language)}",
    ]


def _severity(rule: Rule, language: str) -> str:
    """Return the word in the field, and what a Vietnamese reader calls it."""
    return (
        f"`{rule.severity}`" if language == "en" else f"`{rule.severity}` ({text(f'severity.{rule.severity}', 'vi')})"
    )


def _anchor(heading: str) -> str:
    """As the usual renderers of Markdown make it: the dot goes."""
    return heading.replace(".", "")


def main() -> None:
    """Write both pages."""
    for language, path in PAGES.items():
        path.write_text(page(language), encoding="utf-8")
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
