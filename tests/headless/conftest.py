"""The real qgis_process on an empty profile into which the zip was installed, as a technician would have it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ROOT / "build" / "libraries"
TIME_LIMIT_S = 1_500
"""Ends what hangs; an idle machine needs a few seconds."""


class Qgis:
    """qgis_process on one profile."""

    def __init__(self, profile: Path) -> None:
        self.profile = profile

    def __call__(
        self, *arguments: str, stdin: str | None = None, variables: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """One call; the caller looks at returncode, stdout and stderr. English unless `variables` say otherwise."""
        environment = {**os.environ, "PLANCONCORD_PROFILE": str(self.profile), "LC_ALL": "C.UTF-8", **(variables or {})}
        return subprocess.run(
            [str(ROOT / "tools" / "qgis_process"), *arguments],
            input=stdin or "",
            env=environment,
            capture_output=True,
            encoding="utf-8",
            timeout=TIME_LIMIT_S,
        )

    def run(self, algorithm: str, variables: dict[str, str] | None = None, **inputs: Any) -> dict[str, Any]:
        """The results of an algorithm that must succeed, by name."""
        done = self("run", algorithm, "-", stdin=json.dumps({"inputs": inputs}), variables=variables)
        assert done.returncode == 0, f"{algorithm} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        answer: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
        return {**answer["results"], "log": answer.get("log", "")}

    def fail(self, algorithm: str, variables: dict[str, str] | None = None, **inputs: Any) -> str:
        """What an algorithm says that must refuse; a crash or a traceback is no refusal."""
        done = self("run", algorithm, "-", stdin=json.dumps({"inputs": inputs}), variables=variables)
        assert done.returncode == 1, f"{algorithm} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stdout + done.stderr
        return done.stdout + done.stderr


def tool(name: str) -> Any:
    """A script of tools/ as a module."""
    spec = importlib.util.spec_from_file_location(f"planconcord_tool_{name}", ROOT / "tools" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def plugin_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip, built from this checkout."""
    archive: Path = tool("package").build(tmp_path_factory.mktemp("dist"))
    return archive


@pytest.fixture(scope="session")
def new_profile(plugin_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Qgis]:
    """Make a profile with the plugin; `libraries=None` leaves QGIS with what it has."""

    def make(libraries: Path | None = LIBRARIES) -> Qgis:
        profile = tmp_path_factory.mktemp("profiles") / "hồ sơ QGIS"
        tool("install_plugin").install(profile, plugin_zip, libraries)
        return Qgis(profile)

    return make


@pytest.fixture(scope="session")
def qgis(new_profile: Callable[..., Qgis]) -> Qgis:
    """qgis_process with the plugin and its libraries, shared by the tests of the storey."""
    return new_profile()


@pytest.fixture(scope="session")
def python_minor() -> str:
    """The name of the folder of Python's libraries, python3.11."""
    return f"python{sys.version_info[0]}.{sys.version_info[1]}"
