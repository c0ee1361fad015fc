"""``python -m planconcord check register.xlsx --out findings.gpkg``: a whole province without QGIS;
``checkregister`` and ``createregister`` beside it.

Exit status 0: everything was assessed and conforms; 1: something does not, or could not be
assessed; 2: could not run, or the program itself failed at a part, whatever the others found.
Ctrl-C once keeps what is finished and writes it as a partial run, twice ends at once.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from ..engine.catalogue import text
from ..engine.crs import crs_of
from ..engine.outputs import add_output, given
from ..engine.progress import Progress
from ..engine.province.options import MEGABYTE, options_of
from ..engine.province.registercheck import check_register
from ..engine.province.sources import refuse_lost_plans
from ..engine.register.folder import create_register
from ..engine.register.reading import read_register
from ..engine.register.state import boards
from ..engine.register.template import REGISTER
from ..engine.store.place import argument
from ..engine.usecases.province import ProvinceRequest, write_province

CONFORMS, DOES_NOT = 0, 1


def add_province_commands(
    command: Callable[[str, Callable[[argparse.Namespace], int]], argparse.ArgumentParser],
    progress: Callable[[], Progress],
) -> None:
    """Add the three commands; ``command`` registers one by name."""
    checking = command("check", lambda options: _check(options, progress()))
    checking.add_argument("register", help=text("checkprovince.REGISTER.help", "en"))
    output_help = text("checkprovince.OUTPUT.help", "en")
    add_output(checking, "--out", None, ("--previous",), type=argument, required=True, help=output_help)
    checking.add_argument("--previous", type=argument, help=text("checkprovince.PREVIOUS.help", "en"))
    checking.add_argument("--rules", help=text("checkprovince.RULES.help", "en"))
    checking.add_argument("--width-tolerance", type=float, help=text("shared.WIDTH_TOLERANCE.help", "en"))
    checking.add_argument("--working-crs", help=text("shared.WORKING_CRS.help", "en"))
    checking.add_argument("--memory", type=int, help=text("checkprovince.MEMORY.help", "en"))
    registering = command("checkregister", lambda options: _register(options, progress()))
    registering.add_argument("register", help=text("checkprovince.REGISTER.help", "en"))
    findings_help = text("shared.FINDINGS.help", "en")
    add_output(registering, "--findings", None, type=argument, required=True, help=findings_help)
    for one in (checking, registering):
        one.add_argument("--territory", default="", help=text("checkprovince.TERRITORY.help", "en"))
        one.add_argument("--boundaries", default="", help=text("checkprovince.BOUNDARIES.help", "en"))
        one.add_argument("--expected", help=text("checkprovince.EXPECTED.help", "en"))
        one.add_argument("--date", default="", help=text("checkprovince.DATE.help", "en"))
        one.add_argument("--outside", action="store_true", help=text("checkprovince.OUTSIDE.help", "en"))
    creating = command("createregister", _create)
    creating.add_argument("--folder", type=Path, help=text("createregister.FOLDER.help", "en"))
    output_help = text("createregister.OUTPUT.help", "en")
    add_output(creating, "--output", REGISTER, ("--folder",), type=Path, required=True, help=output_help)


def _check(wishes: argparse.Namespace, progress: Progress) -> int:
    options = options_of(
        *(wishes.territory, wishes.boundaries, wishes.expected, wishes.date),
        width_m=wishes.width_tolerance,
        working_crs=crs_of(wishes.working_crs or None),
        memory_bytes=None if wishes.memory is None else wishes.memory * MEGABYTE,
    )
    request = ProvinceRequest(
        register=wishes.register,
        output=wishes.out,
        rules=wishes.rules,
        previous=wishes.previous,
        outside=wishes.outside,
        given={name: str(value) for name, value in given(wishes).items()},
        option="--out",
        language=wishes.language,
        progress=_Interruptible(progress),
    )
    made = write_province(request, options)
    sys.stderr.write("\n".join(made.result.log) + "\n")
    for measure in made.result.measures:
        print(f"{measure.name.upper()}: {measure.value:.10g}")
    print(f"STATUS: {made.result.status}")
    print(f"CONFORMS: {str(made.result.conforms).lower()}")
    print(f"OUTPUT: {wishes.out}")
    return CONFORMS if made.result.conforms else DOES_NOT


def _register(wishes: argparse.Namespace, progress: Progress) -> int:
    options = options_of(wishes.territory, wishes.boundaries, wishes.expected, wishes.date)
    register = read_register(wishes.register, wishes.outside)
    refuse_lost_plans(register, options, "--findings", wishes.findings)
    result, runs = check_register(register, options, wishes.language, progress)
    from ..engine.store import write_store

    run_id = str(runs["run_id"].iloc[0])
    write_store(wishes.findings, result.findings, result.measures_table(run_id), runs)
    told = [board.text(wishes.language) for board in boards(register, options.expected, result.territory)]
    sys.stderr.writelines(f"{line}\n" for line in result.log if line not in told)
    print(*told, sep="\n")
    for measure in result.measures:
        print(f"{measure.name.upper()}: {measure.value:.10g}")
    print(f"CONFORMS: {str(result.conforms).lower()}")
    return CONFORMS if result.conforms else DOES_NOT


def _create(wishes: argparse.Namespace) -> int:
    count = create_register(wishes.output, wishes.folder, wishes.language)
    print(f"PLAN_COUNT: {count}")
    print(f"OUTPUT: {wishes.output}")
    return CONFORMS


class _Interruptible(Progress):
    """Takes the first Ctrl-C for a wish to stop, the second for a wish to stop now."""

    def __init__(self, shown: Progress):
        self._shown, self._stopped = shown, False
        try:
            signal.signal(signal.SIGINT, self._stop)
        except ValueError:
            return  # not the main thread: nobody presses Ctrl-C there

    def _stop(self, *_: object) -> None:
        if self._stopped:
            raise KeyboardInterrupt
        self._stopped = True

    def step(self, fraction: float, text: str = "") -> None:
        """Pass it on."""
        self._shown.step(fraction, text)

    def cancelled(self) -> bool:
        """Return whether Ctrl-C was pressed."""
        return self._stopped or self._shown.cancelled()
