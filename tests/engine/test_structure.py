"""The storeys of the house: qgis_plugin → algorithms → engine → resources, and an engine that runs without QGIS."""

from __future__ import annotations

import ast
import configparser
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

STOREYS = {"engine": 0, "algorithms": 1, "qgis_plugin": 2}
ROOT = Path(__file__).resolve().parents[2]


def modules(storey: str) -> list[Path]:
    return sorted(path for path in (ROOT / storey).rglob("*.py") if "__pycache__" not in path.parts)


def imports(path: Path) -> Iterator[tuple[int, str, str]]:
    """(line, kind, name) of each import: kind "own" with the path inside the package, or "other" with the top-level name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, "other", alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.lineno, "other", str(node.module).split(".")[0]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1]
            names = [*base, *(node.module or "").split(".")] if node.module else [*base]
            yield node.lineno, "own", "/".join(names) or node.names[0].name


@pytest.mark.parametrize("storey", STOREYS)
def test_imports_run_downwards_and_are_relative(storey: str) -> None:
    wrong = []
    for path in modules(storey):
        for line, kind, name in imports(path):
            where = f"{path.relative_to(ROOT)}:{line}"
            if kind == "other" and name in {*STOREYS, "planconcord", "resources"}:
                wrong.append(f"{where} imports {name} by its absolute name")
            if kind == "own" and STOREYS.get(name.split("/")[0], -1) > STOREYS[storey]:
                wrong.append(f"{where} reaches up to {name}")
    assert not wrong, "\n".join(wrong)


def test_the_engine_never_imports_qgis() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules("engine")
        for line, kind, name in imports(path)
        if kind == "other" and name in ("qgis", "PyQt5", "PyQt6", "osgeo", "processing")
    ]
    assert not wrong, "\n".join(wrong)


def test_the_engine_imports_where_qgis_is_not() -> None:
    names = [
        "planconcord." + ".".join(path.relative_to(ROOT).with_suffix("").parts).replace(".__init__", "")
        for path in modules("engine")
    ]
    code = (
        "import importlib, sys\n"
        "sys.modules['qgis'] = None  # makes every import of qgis fail\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        "print(len([name for name in sys.modules if name.startswith('planconcord.engine')]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", cwd=ROOT.parent)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= len(names)


def test_the_metadata_and_the_package_agree_on_the_version() -> None:
    metadata = configparser.ConfigParser(interpolation=None)
    metadata.read(ROOT / "metadata.txt", encoding="utf-8")
    import planconcord

    assert metadata["general"]["version"] == planconcord.__version__


def test_the_installed_package_is_this_checkout() -> None:
    import planconcord.engine

    assert Path(planconcord.__file__).resolve() == ROOT / "__init__.py"
    assert Path(planconcord.engine.__file__).resolve().parent == ROOT / "engine"


def test_pyproject_lists_every_package() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = set(text.split("packages = [", 1)[1].split("]", 1)[0].replace('"', "").replace(",", "").split())
    folders = {path.parent for storey in STOREYS for path in modules(storey)}
    assert listed == {"planconcord", *("planconcord." + ".".join(f.relative_to(ROOT).parts) for f in folders)}


def test_every_package_has_an_init() -> None:
    folders = {path.parent for storey in STOREYS for path in modules(storey)}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []


WRITE_AT_ONE_PLACE = (
    "to_csv",
    "to_file",
    "to_excel",
    "write_dataframe",
    "mkstemp",
    "NamedTemporaryFile",
)
MAY_WRITE = {
    "engine/writing.py": "the one place",
    "engine/store/writing.py": "a store takes its place under the lock of the old one",
    "engine/intake/archives.py": "unpacks into a temporary folder",
    "engine/intake/frames.py": "copies into a temporary folder",
    "engine/intake/rings.py": "the same",
    "engine/faults.py": "adds to the log of faults, which must be written whatever else is broken",
    "engine/demo/files.py": "fills a folder that takes its place when it is whole",
    "engine/demo/bad_files.py": "the same",
    "engine/demo/drawing.py": "the same",
}


def writes(path: Path) -> Iterator[str]:
    """The calls by which a module would write files itself."""
    own = "replaced(" in path.read_text(encoding="utf-8")  # fills what takes its place when it is whole
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        on = getattr(node.func.value, "id", "") if isinstance(node.func, ast.Attribute) else ""
        modes = [a.value for a in (*node.args, *(k.value for k in node.keywords)) if isinstance(a, ast.Constant)]
        if (
            name in WRITE_AT_ONE_PLACE
            or (name in ("replace", "rename", "move") and on in ("os", "shutil"))
            or (name in ("write_text", "write_bytes") and not own)
            or (name == "open" and not on and {"w", "wb", "a", "ab", "x", "xb"} & set(map(str, modes)))
        ):
            yield f"{path.relative_to(ROOT)}:{node.lineno} calls {name}"


def test_files_are_written_at_one_place() -> None:
    every = [path for storey in STOREYS for path in modules(storey)]
    others = [path for path in every if path.relative_to(ROOT).as_posix() not in MAY_WRITE]
    assert [line for path in others for line in writes(path)] == []
    assert len(MAY_WRITE) + len(others) == len(every)


CLOCKS = (
    "monotonic",
    "perf_counter",
    "process_time",
    "thread_time",
    "time",
    "time_ns",
    "monotonic_ns",
    "perf_counter_ns",
)
WAITS = {"tests/engine/postgis_cluster.py", "tests/gui/inside/person.py", "tests/gui/test_review_together.py"}
"""These read a clock to end what hangs; none compares two clocks to judge how fast something was."""
SETS_A_FILES_AGE = {"tests/engine/test_outputs.py", "tests/engine/test_province.py"}


def test_no_test_reads_a_clock_to_judge_the_program() -> None:
    """How many seconds something takes says how busy the machine is; ``work.py`` counts the work instead."""
    found = set()
    for path in sorted((ROOT / "tests").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
        clocks = {
            name.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == "time"
            for name in node.names
        }
        reads = any(
            isinstance(node, ast.Attribute)
            and node.attr in CLOCKS
            and isinstance(node.value, ast.Name)
            and node.value.id == "time"
            for node in ast.walk(tree)
        )
        if ("time" in imported and reads) or clocks & set(CLOCKS) or "timeit" in imported:
            found.add(path.relative_to(ROOT).as_posix())
    assert found <= WAITS | SETS_A_FILES_AGE, sorted(found - WAITS - SETS_A_FILES_AGE)
