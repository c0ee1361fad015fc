"""Run the storeys of tests, each in its own process, and say in the last lines how they went.

`run_tests.py [STOREY …] [-- arguments of pytest]`; without a storey, all but the floors. Exit status 0 when nothing failed. Each storey
gets the surroundings it needs: engine plain Python, newest and floors the same tests with the newest and the oldest libraries,
algorithms QGIS without a window, headless the real qgis_process, gui a virtual screen, real the layers beside the checkout.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
ENDS = ("newest", "floors")
"""The engine storey again, by the Python of `.venv-newest` and of `.venv-floors`, which `tools/setup tests ends` makes; without the tests
that no version of a library decides (the marker same_with_every_library)."""
STOREYS = ("engine", *ENDS, "algorithms", "headless", "gui", "real")
USUAL = tuple(storey for storey in STOREYS if storey != "floors")
"""What runs when none is named. The floors are run by name until they are green: their GDAL has no LIBKML, and tests write KML by it."""
PROCESSES = {
    **dict.fromkeys(("engine", *ENDS), ("-n", "2", "--dist", "worksteal")),
    "algorithms": ("-n", "2", "--dist", "loadfile"),
    "headless": ("-n", "2", "--dist", "loadfile"),
    "real": ("-n", "2", "--dist", "loadfile"),
}
"""How the tests of a storey are shared among processes, unless pytest is given arguments. Who has nothing left takes over half of what
another has still to do; files that share a costly beginning stay whole. A QGIS with a window wants the machine for itself."""
NO_TESTS = 5
VERSIONS = """
import fiona, geopandas, numpy, pandas, pyogrio, pyproj, shapely
print(*(f"{m.__name__} {m.__version__}" for m in (fiona, geopandas, numpy, pandas, pyogrio, pyproj, shapely)), sep=", ", flush=True)
"""


class Outcome(NamedTuple):
    """How one storey went."""

    storey: str
    passed: int
    failed: int
    skipped: int
    seconds: float
    state: str
    broken: bool


def command(storey: str, arguments: list[str]) -> list[str]:
    """What starts pytest for a storey, by the interpreter that runs this or that of an end; a path among the arguments narrows it."""
    narrowed = any(argument.startswith("tests/") for argument in arguments)
    where = [] if narrowed else [f"tests/{'engine' if storey in ENDS else storey}"]
    pytest = [interpreter(storey), "-m", "pytest", *where, *arguments, "-q", f"--junitxml={report(storey)}"]
    if not arguments:
        pytest += PROCESSES.get(storey, ())
    if storey in ENDS and not narrowed:
        pytest += ("-m", "not same_with_every_library")
    if storey == "gui":
        screen = shutil.which("xvfb-run")
        if screen is None:
            raise SystemExit("xvfb-run is not there, and the gui storey needs it: please run tools/setup.")
        return [screen, "-a", "-s", "-screen 0 1600x1000x24", *pytest]
    return pytest


def interpreter(storey: str) -> str:
    """The Python that runs a storey."""
    if storey not in ENDS:
        return sys.executable
    python = ROOT / f".venv-{storey}" / "bin" / "python"
    if not python.exists():
        raise SystemExit(f"{python} is not there, and the storey {storey} needs it: please run tools/setup tests ends.")
    return str(python)


def environment(storey: str) -> dict[str, str]:
    """The surroundings of a storey; a Python of the user's choice must not leak into QGIS."""
    variables = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    # A profile of the tests' own: a person's settings change results, and QGIS writes into it.
    variables["QGIS_CUSTOM_CONFIG_PATH"] = str(report(storey).with_suffix(""))
    variables["QT_QPA_PLATFORM"] = "xcb" if storey == "gui" else "offscreen"
    if "UTF-8" not in variables.get("LC_ALL", variables.get("LANG", "")).upper().replace("UTF8", "UTF-8"):
        variables["LC_ALL"] = "C.UTF-8"
    return variables


def report(storey: str) -> Path:
    """Where pytest leaves its counts."""
    return ROOT / "build" / "tests" / f"{storey}.xml"


def run(storey: str, arguments: list[str]) -> Outcome:
    """Run one storey to its end and count."""
    print(f"\n=== {storey} ===", flush=True)
    if storey in ENDS:
        subprocess.run([interpreter(storey), "-c", VERSIONS], check=True)
    report(storey).parent.mkdir(parents=True, exist_ok=True)
    report(storey).unlink(missing_ok=True)
    started = time.monotonic()
    code = subprocess.run(
        command(storey, arguments), cwd=ROOT, env=environment(storey), stdin=subprocess.DEVNULL
    ).returncode
    seconds = time.monotonic() - started
    tests = failed = skipped = 0
    if report(storey).exists():
        for suite in ElementTree.parse(report(storey)).getroot().iter("testsuite"):
            tests += int(suite.get("tests", 0))
            failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            skipped += int(suite.get("skipped", 0))
    return Outcome(storey, tests - failed - skipped, failed, skipped, seconds, *judged(code, failed, bool(arguments)))


def judged(code: int, failed: int, narrowed: bool) -> tuple[str, bool]:
    """(what to say, whether the storey counts as broken) of a run that ended with `code`.

    A crash after the last test is a failure too: that is how a library that clashes with QGIS's own shows itself.
    """
    if failed:
        return "failed", False
    if code == 0 or (code == NO_TESTS and narrowed):
        return "ok", False
    if code == NO_TESTS:
        return "ran no test", True
    return f"did not finish: pytest ended with {code}", True


def main() -> int:
    """Run what was asked for."""
    asked = sys.argv[1:]
    split = asked.index("--") if "--" in asked else len(asked)
    storeys, arguments = asked[:split] or list(USUAL), asked[split + 1 :]
    unknown = sorted(set(storeys) - set(STOREYS))
    if unknown:
        raise SystemExit(f"There is no storey {', '.join(unknown)}; there are {', '.join(STOREYS)}.")
    outcomes = [run(storey, arguments) for storey in storeys]
    print()
    for outcome in outcomes:
        print(
            f"{outcome.storey:<11}{outcome.passed:>5} passed{outcome.failed:>5} failed"
            f"{outcome.skipped:>5} skipped{outcome.seconds:>8.1f} s  {outcome.state}"
        )
    passed, failed, skipped = (sum(outcome[column] for outcome in outcomes) for column in (1, 2, 3))
    failed += sum(outcome.broken for outcome in outcomes)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
