"""The storeys of the house: qgis_plugin → algorithms → qgis_bridge → engine → resources, cli and demo beside them; storeys\ninside the engine, no circle of packages or files, and an engine that runs without QGIS."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.same_with_every_library

STOREYS = ("demo", "engine", "cli", "qgis_bridge", "algorithms", "qgis_plugin")
MAY_IMPORT = {
    "engine": {"engine"},
    "demo": {"demo", "engine"},
    "cli": {"cli", "engine", "demo"},
    "qgis_bridge": {"qgis_bridge", "engine"},
    "algorithms": {"algorithms", "qgis_bridge", "engine", "demo"},
    "qgis_plugin": {"qgis_plugin", "algorithms", "qgis_bridge", "engine"},
}
MAKE_THE_DEMO = {"cli/checks.py", "algorithms/createdemo.py"}
INSIDE_THE_ENGINE = (
    (
        "catalogue",
        "levels",
        "offline",
        "passwords",
        "progress",
        "record",
        "values",
        "version",
    ),
    (
        "amounts",
        "codes",
        "errors",
        "kinds",
        "planar",
        "stages",
    ),
    (
        "corridors",
        "findings",
        "names",
        "tables",
        "tolerance",
        "transformation",
    ),
    (
        "page_style",
        "plan",
        "store",
    ),
    (
        "crs",
        "rulesets",
        "run",
    ),
    (
        "checks",
        "faults",
        "intake",
        "report",
    ),
    (
        "figures",
        "identity",
        "outputs",
        "register",
    ),
    ("province",),
    ("usecases",),
    ("library",),
)
"""The rooms of the engine from the ground up: each may use those of the lines above it, and none beside it or below."""
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
            at = name.split("/")[0]
            if kind == "own" and at in STOREYS and at not in MAY_IMPORT[storey]:
                wrong.append(f"{where} reaches up to {name}")
            if at == "demo" and storey != "demo" and path.relative_to(ROOT).as_posix() not in MAKE_THE_DEMO:
                wrong.append(f"{where} needs the demo")
    assert not wrong, "\n".join(wrong)


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def arrows() -> Iterator[tuple[str, str]]:
    """(module, module that it imports) for every file of the house; a name of a package counts as that package's own file."""
    known = {dotted(path) for storey in STOREYS for path in modules(storey)}
    for storey in STOREYS:
        for path in modules(storey):
            package = path.relative_to(ROOT).parts[:-1]
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.ImportFrom) or not node.level:
                    continue
                base = ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])
                for alias in node.names:
                    target = f"{base}.{alias.name}" if f"{base}.{alias.name}" in known else base
                    if target in known and target != dotted(path):
                        yield dotted(path), target


def circles(edges: set[tuple[str, str]]) -> list[str]:
    """The nodes that can be reached from themselves."""
    left = {node for edge in edges for node in edge}
    while True:
        ends = left - {one for one, other in edges if one in left and other in left}
        if not ends:
            break
        left -= ends
    while True:
        starts = left - {other for one, other in edges if one in left and other in left}
        if not starts:
            return sorted(left)
        left -= starts


def test_no_class_name_stands_in_two_modules() -> None:
    """A name has one meaning in the whole house, so that a search for it finds that one."""
    found: dict[str, list[str]] = {}
    for path in (path for storey in STOREYS for path in modules(storey)):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.setdefault(node.name, []).append(path.relative_to(ROOT).as_posix())
    assert len(found) > 200
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


def room(module: str) -> str:
    return module.split(".")[1] if module.startswith("engine.") else module


def test_no_files_and_no_packages_go_in_a_circle() -> None:
    assert circles(set(arrows())) == []
    packages = {(".".join(a.split(".")[:2]), ".".join(b.split(".")[:2])) for a, b in arrows()}
    assert circles({(a, b) for a, b in packages if a != b}) == []
    assert circles({("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")}) == ["b", "c"]


def test_arrows_inside_the_engine_run_downwards() -> None:
    height = {name: rank for rank, names in enumerate(INSIDE_THE_ENGINE) for name in names}
    rooms = {room(dotted(path)) for path in modules("engine")} - {"engine"}
    assert rooms == set(height)
    wrong = {
        f"{one} -> {other}"
        for one, other in arrows()
        if one.startswith("engine.")
        and other.startswith("engine.")
        and room(one) != room(other)
        and height[room(other)] >= height[room(one)]
    }
    assert wrong == set()


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
    "engine/tables/writing.py": "the one place",
    "engine/store/writing.py": "a store takes its place under the lock of the old one",
    "engine/intake/archives.py": "unpacks into a temporary folder",
    "engine/intake/frames.py": "copies into a temporary folder",
    "engine/intake/rings.py": "the same",
    "engine/faults.py": "adds to the log of faults, which must be written whatever else is broken",
    "demo/files.py": "fills a folder that takes its place when it is whole",
    "demo/bad_files.py": "the same",
    "demo/drawing.py": "the same",
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
WAITS = {"tests/helpers/postgis_cluster.py", "tests/gui/inside/person.py", "tests/gui/test_review_together.py"}
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


def test_decision_records_are_numbered_one_after_another() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [path.name[:5] for path in records] == [f"{number:04}-" for number in range(1, len(records) + 1)]
    heads = {path.name: path.read_text(encoding="utf-8").split("\n", 1)[0] for path in records}
    assert [name for name, head in heads.items() if not head.startswith(f"# {name[:4]} ")] == []


def test_every_decision_that_is_referred_to_exists() -> None:
    there = {path.name for path in (ROOT / "docs" / "decisions").glob("*.md")}
    wrong, seen = [], 0
    for path in sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"), *ROOT.glob("[a-z]*/**/*.py")]):
        if "build" in path.relative_to(ROOT).parts or not path.is_file():
            continue
        for named in re.findall(
            r"(?:decisions/|decision |quyết định )(\d{4}(?:-[a-z0-9-]+\.md)?)", path.read_text("utf-8")
        ):
            seen += 1
            if not any(name == named or name.startswith(f"{named}-") for name in there):
                wrong.append(f"{path.relative_to(ROOT)} refers to {named}")
    assert wrong == []
    assert seen > 10


def test_the_page_for_developers_shows_these_rooms() -> None:
    page = (ROOT / "DEVELOPMENT.md").read_text(encoding="utf-8")
    shown = page.split("| line | rooms |\n|---|---|\n", 1)[1].split("\n\n", 1)[0]
    count = len(INSIDE_THE_ENGINE)
    rows = [f"| {count - place} | {', '.join(names)} |" for place, names in enumerate(reversed(INSIDE_THE_ENGINE))]
    assert shown == "\n".join(rows), "the table of rooms in DEVELOPMENT.md is to be:\n" + "\n".join(rows)


LEFT_OUT_AT_THE_ENDS = {
    *("benchmarks", "cancel", "catalogue", "faults", "memory", "rules_html", "rules_page", "side_by_side"),
    *("store_postgis_faults", "store_writers", "structure"),
}
"""Files of the engine storey whose subject no version of a library decides (docs/decisions/0014)."""


def test_the_ends_of_the_library_versions_leave_out_these_files_alone() -> None:
    mark = "same_with_every" + "_library"
    marked = {path.stem for path in (ROOT / "tests").rglob("test_*.py") if mark in path.read_text(encoding="utf-8")}
    assert marked - {"test_structure"} == {f"test_{name}" for name in LEFT_OUT_AT_THE_ENDS - {"structure"}}
    assert f'"not {mark}"' in (ROOT / "tools" / "run_tests.py").read_text(encoding="utf-8")
