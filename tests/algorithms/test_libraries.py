"""The words and the command of the dependency guard; that its loading works is shown by the headless storey."""

from __future__ import annotations

import importlib.machinery
import os
import sys
from pathlib import Path

import pytest
from planconcord.qgis_bridge import libraries
from planconcord.qgis_bridge.libraries import LIBRARIES, READERS, install_arguments

EVERYTHING = [*LIBRARIES, *READERS]


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


@pytest.mark.parametrize(
    ("numpy_version", "pins"),
    [
        ("1.24.2", {"shapely~=2.1.0", "geopandas~=1.1.0", "pandas~=2.2"}),
        ("1.26.4", {"shapely~=2.1.0", "geopandas~=1.1.0", "pandas~=2.2"}),
        ("2.2.4", {"shapely~=2.1", "geopandas~=1.1", "pandas~=2.2"}),
    ],
)
def test_the_versions_fit_the_numpy_that_runs(numpy_version: str, pins: set[str]) -> None:
    arguments = install_arguments("/folder", numpy_version, EVERYTHING)
    assert pins <= set(arguments)


def test_the_command_can_neither_replace_numpy_nor_compile() -> None:
    arguments = install_arguments("/folder", "1.24.2", EVERYTHING)
    assert not any(argument.startswith("numpy") for argument in arguments)
    assert "--no-deps" in arguments
    assert arguments[arguments.index("--only-binary") + 1] == ":all:"
    assert arguments[arguments.index("--target") + 1] == "/folder"


def test_only_what_is_lacking_is_named() -> None:
    arguments = install_arguments("/folder", "2.2.4", [READERS[1]])
    assert [argument for argument in arguments if "=" in argument] == ["fiona~=1.9"]


@pytest.mark.parametrize(
    ("version", "numbers"),
    [("2.1.2", (2, 1, 2)), ("2.0rc1", (2, 0)), ("1.24.2+dfsg", (1, 24, 2)), ("3", (3,)), ("", ())],
)
def test_a_version_is_read_as_numbers(version: str, numbers: tuple[int, ...]) -> None:
    assert libraries._release(version) == numbers


@pytest.mark.parametrize(("prefix", "batch"), [("qgis-ltr", "python-qgis-ltr.bat"), ("qgis", "python-qgis.bat")])
def test_windows_is_told_the_batch_file_of_its_qgis(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, prefix: str, batch: str
) -> None:
    for name in ("python-qgis-ltr.bat", "python-qgis.bat"):
        touch(tmp_path / "bin" / name)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("OSGEO4W_ROOT", str(tmp_path))
    monkeypatch.setattr(libraries, "_prefix", lambda: f"C:/PROGRA~1/QGIS/apps/{prefix}")
    assert libraries._python() == [str(tmp_path / "bin" / batch)]


def test_a_terminal_of_windows_takes_the_command_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """cmd takes < and > for files and splits at commas, even inside the quotes that PowerShell drops on the way."""
    monkeypatch.setattr(sys, "platform", "win32")
    arguments = install_arguments("C:/Users/Nguyễn Văn A/py3.12", "1.26.4", EVERYTHING)
    shown = libraries._shown(["C:/OSGEO4~1/bin/python-qgis.bat", "-m", "pip", *arguments])
    assert shown.startswith("C:/OSGEO4~1/bin/python-qgis.bat -m pip install ")
    assert '--target "C:/Users/Nguyễn Văn A/py3.12"' in shown
    assert not set("<>,&|^!%;") & set(shown)


def test_macos_is_told_the_python_of_its_bundle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = touch(tmp_path / "QGIS.app" / "Contents" / "MacOS" / "QGIS")
    python = touch(program.parent / "bin" / "python3")
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(sys, "exec_prefix", str(tmp_path / "elsewhere"))
    assert libraries._python() == [str(python)]


def test_flatpak_is_entered_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLATPAK_ID", "org.qgis.qgis")
    assert libraries._python() == ["flatpak", "run", "--command=python3", "org.qgis.qgis"]


@pytest.mark.parametrize("version", ["1.20.3", "3.0.0", ""])
def test_an_unfit_numpy_is_not_to_be_replaced(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(libraries, "_version", lambda name: version)
    sentence = libraries._numpy_unfit()
    assert "please install a newer QGIS" in sentence or "hãy cài bản QGIS mới hơn" in sentence
    assert "pip" not in sentence


def test_a_library_that_does_not_load_is_named_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise ValueError("numpy.dtype size changed")

    monkeypatch.setattr(libraries.importlib, "import_module", fail)
    sentence = libraries._not_loadable()
    assert "shapely" in sentence
    assert "ValueError: numpy.dtype size changed" in sentence
    assert "--target" in sentence


@pytest.mark.skipif(not hasattr(os, "RTLD_DEEPBIND"), reason="only Linux shares symbols between libraries")
def test_only_packages_that_bring_their_libraries_are_loaded_apart(tmp_path: Path) -> None:
    for name in ("shapely", "shapely.libs", "numpy", "numpy.libs", "fiona"):
        (tmp_path / name).mkdir()
    assert isinstance(libraries._bundling_package(str(tmp_path / "shapely")), importlib.machinery.FileFinder)
    for name in ("numpy", "fiona", "."):
        with pytest.raises(ImportError):
            libraries._bundling_package(str(tmp_path / name))
