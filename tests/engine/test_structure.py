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
