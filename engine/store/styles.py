"""How layers are drawn, which a person has saved into a GeoPackage from QGIS, goes into the file
that takes its place.

QGIS keeps it in the table ``layer_styles``, by the layer's name. Goes in: the new file, and the
place where an old one may lie. Raises PlanError as :mod:`.connection` does.
"""

from __future__ import annotations

from pathlib import Path

from .connection import reading, writing
from .kinds import STYLES
from .session import quoted


def keep_styles(staged: Path, path: Path) -> None:
    """Copy the styles in the GeoPackage at ``path``, if there are any, into ``staged``."""
    if not path.is_file() or not path.stat().st_size:
        return
    with reading(path) as old:
        made = old.execute("SELECT sql FROM sqlite_master WHERE name = ? AND type = 'table'", (STYLES,)).fetchone()
        if made is None:
            return
        columns = ", ".join(map(quoted, old.columns_of(STYLES)))
        rows = old.execute(f"SELECT {columns} FROM {STYLES}").fetchall()  # nosec B608
    with writing(staged) as new:
        if new.columns_of(STYLES):
            return
        new.execute(made[0])
        marks = ", ".join("?" for _ in columns.split(", "))
        new.executemany(f"INSERT INTO {STYLES} ({columns}) VALUES ({marks})", rows)  # nosec B608
        new.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES (?, 'attributes', ?, 0)",
            (STYLES, STYLES),
        )
