"""Runs one row in a process of its own and reads its line of JSON; a row that fails or does not end in time says so.

A record is a dictionary: what the row printed, or ``failed`` (the last line of what it complained about), or ``unfinished_s``
(the time after which it was stopped).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def run(script: str, *arguments: str, cap_s: float) -> dict[str, Any]:
    """The record of `script` with `arguments`."""
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
