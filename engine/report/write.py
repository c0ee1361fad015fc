"""All sheets of a store, written into a folder: one HTML file a territory, and the page of the
province.

Goes in: the store, a folder, plan layers to draw below the findings, a rule set for names of codes.
Each file takes its place when it is complete; files of the same names are replaced. Fails with
PlanError: the store as engine/store says, a folder that cannot be written, a territory that the
store does not have, a plan without CRS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ..catalogue import text
from ..errors import PlanError
from ..names import without_accents
from ..plan import PlanLayer
from ..progress import Progress
from ..rulesets.reading import read_ruleset
from ..rulesets.ruleset import RuleSet
from ..store.place import Place
from ..tables.writing import PAGE, require_own, write_page
from .ground import BaseMap
from .province import TerritorySheet, province_page
from .reading import number_entries, read_contents
from .redaction import Redaction
from .sheet import Whole, sheet
from .words import Words

LONGEST_NAME = 60


@dataclass(frozen=True)
class SheetOptions:
    """How the sheets are to be; ``territory`` "" means all, ``today`` decides which waivers have
    run out.
    """

    language: str = "vi"
    redact: bool = True
    territory: str = ""
    today: date | None = None
    version: str = ""


@dataclass(frozen=True)
class Written:
    """What was written; ``notes``: what the maps leave out (key of the catalogue, values)."""

    province: Path
    sheets: tuple[Path, ...]
    findings: int
    disputed: int
    notes: tuple[tuple[str, dict[str, object]], ...]


def write_sheets(
    store: Place,
    folder: Path,
    wishes: SheetOptions,
    plans: Sequence[PlanLayer] = (),
    rules: RuleSet | None = None,
    progress: Progress | None = None,
) -> Written:
    """Write the sheets of ``store`` into ``folder``."""
    progress, rules, folder = progress or Progress(), rules or read_ruleset(None), Path(folder)
    today = wishes.today or date.today()
    progress.step(0.0, text("sheet.progress.reading", wishes.language))
    contents = read_contents(store, today)
    if wishes.territory and wishes.territory not in contents.territories:
        known = ", ".join(name or "–" for name in contents.territories) or "–"
        raise PlanError("sheet.territory_unknown", path=store, territory=wishes.territory, known=known)
    ground = BaseMap(plans, contents.srs, rules, wishes.redact)
    progress.checkpoint()
    if wishes.redact:
        contents = Redaction(rules, ground.defence).applied(contents)
    whole = Whole(contents, ground, Words(wishes.language, rules), today, wishes.redact, wishes.version)
    files = file_names(contents.territories)
    territories = [
        TerritorySheet(name, files[name], number_entries(every), every) for name, every in contents.territories.items()
    ]
    wanted = [one for one in territories if not wishes.territory or one.name == wishes.territory]
    for file in ("province.html", *(one.file for one in wanted)):
        require_own(folder / file, PAGE)
    for place, one in enumerate(wanted):
        progress.checkpoint()
        progress.step((place + 0.5) / (len(wanted) + 1), text("sheet.progress.writing", wishes.language))
        write_page(folder / one.file, sheet(whole, one.name, one.told, one.every), "sheet.unwritable")
    progress.checkpoint()
    province = folder / "province.html"
    write_page(province, province_page(whole, territories), "sheet.unwritable")
    progress.step(1.0)
    return Written(
        province,
        tuple(folder / one.file for one in wanted),
        sum(len(one.told) for one in wanted),
        sum(len(one.disputed) for one in wanted),
        (*rules.notes, *ground.notes),
    )


def file_names(territories: Iterable[str]) -> dict[str, str]:
    """Return the file of each territory's sheet: its name in plain letters, numbered where two are
    alike.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for territory in territories:
        plain = re.sub(r"[^a-z0-9]+", "-", without_accents(territory).lower()).strip("-")
        base = f"sheet-{plain[:LONGEST_NAME].strip('-') or 'territory'}"
        name, number = base, 2
        while name in taken:
            name, number = f"{base}-{number}", number + 1
        taken.add(name)
        names[territory] = f"{name}.html"
    return names
