"""Runs one row in a process of its own and reads its line of JSON; a row that fails or does not end
in time says so.

A record is a dictionary: what the row printed, or ``failed`` (the last line of what it complained
about), or ``unfinished_s`` (the time after which it was stopped).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
NEXT = ROOT / "build" / "trixie"
FIRST_GEOS = (3, 12)
"""From here on QGIS can validate a coverage."""


def run(script: str, *arguments: str, cap_s: float) -> dict[str, Any]:
    """Return the record of `script` with `arguments`."""
    command = [sys.executable, str(HERE / script), *arguments]
    # A session of its own, so that what the row started ends with it.
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", start_new_session=True
    ) as child:
        try:
            said, complained = child.communicate(timeout=cap_s)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            return {"unfinished_s": cap_s}
    lines = said.strip().splitlines()
    if child.returncode or not lines or not lines[-1].startswith("{"):
        reasons = complained.strip().splitlines() or [f"exit status {child.returncode}"]
        return {"failed": reasons[-1][:300]}
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer


def in_qgis(
    rows: Sequence[tuple[str, int, float]], layer: str, zone_count: int, here: bool
) -> Iterator[dict[str, Any]]:
    """Yield the records of rows (name, runs, cap in seconds) in QGIS, each with ``row``; ``here``:
    in this machine's own QGIS, else in one whose GEOS can validate a coverage: this machine's, or
    that of the next Debian in build/.
    """
    command = [
        str(HERE / "qgis_rows.py"),
        layer,
        str(zone_count),
        *(f"{name}={runs}={cap_s}" for name, runs, cap_s in rows),
    ]
    if here or _geos() >= FIRST_GEOS:
        command = [sys.executable, *command]
    elif NEXT.exists() and os.geteuid() == 0:
        inside = [argument.replace(str(ROOT) + "/", "") for argument in command]
        command = [str(ROOT / "tools" / "next"), ".venv/bin/python", *inside]
    else:
        reason = (
            "this machine's QGIS has a GEOS before 3.12, and there is no next Debian yet: run make test-next as root"
        )
        yield from ({"row": name, "failed": reason} for name, _, _ in rows)
        return
    answered = set()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8") as child:
        assert child.stdout and child.stderr
        for text in child.stdout:
            if text.startswith("{"):
                record: dict[str, Any] = json.loads(text)
                answered.add(record["row"])
                yield record
        complained = child.stderr.read().strip().splitlines() or [f"exit status {child.wait()}"]
    yield from ({"row": name, "failed": complained[-1][:300]} for name, _, _ in rows if name not in answered)


def _geos() -> tuple[int, ...]:
    """Return the version of GEOS in this machine's QGIS, () where there is none."""
    try:
        told = subprocess.run(["qgis_process", "--version"], capture_output=True, encoding="utf-8", env=_quiet()).stdout
    except OSError:
        return ()
    numbers = [line.split()[2].split("-")[0] for line in told.splitlines() if line.startswith("GEOS version")]
    return tuple(int(part) for part in numbers[0].split(".")[:2]) if numbers else ()


def _quiet() -> dict[str, str]:
    """Return the surroundings for a QGIS without a screen."""
    return {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
