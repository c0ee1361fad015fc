"""DuckDB with its spatial extension, in a folder of its own under build/bench: an overlay that
shares no line with ours.

``connect()`` installs what requirements-duckdb.txt names, once, and hands out an empty database in
memory with two threads. It fails with pip's own words where the packages cannot be had, and with
DuckDB's where the extension does not load.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "build" / "bench" / "duckdb"
REQUIREMENTS = HERE / "requirements-duckdb.txt"
THREADS = 2


def set_up() -> None:
    """Install the packages, unless they are there as the requirements want them."""
    stamp, wanted = FOLDER / "made-for", f"{sys.version}\n{REQUIREMENTS.read_text(encoding='utf-8')}"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-input", "--upgrade"]
    # Without its dependencies: what they name beside these two only installs extensions into the
    # home.
    command += ["--no-deps", "--target", str(FOLDER), "-r", str(REQUIREMENTS)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    if done.returncode:
        raise SystemExit((done.stderr.strip().splitlines() or ["pip failed"])[-1])
    stamp.write_text(wanted, encoding="utf-8")


def connect() -> Any:
    """Return an empty database that knows ST_Intersection."""
    set_up()
    sys.path.insert(0, str(FOLDER))
    import duckdb

    found = sorted((FOLDER / "duckdb_extension_spatial").rglob("spatial.duckdb_extension"))
    database = duckdb.connect(config={"threads": THREADS})
    database.load_extension(str(found[-1]))
    return database


def version() -> str:
    """Return what the page says of it."""
    wanted = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    return ", ".join(line.replace("==", " ") for line in wanted if "==" in line)
