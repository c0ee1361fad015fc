"""Real QGIS windows on screens of their own: the plugin's zip in an empty profile, driven by what lies in inside/.

Four sessions run side by side, each once for all tests: english, vietnamese, bare (without the libraries) and demo. A session
leaves report.json, pictures and QGIS's own output in build/gui/NAME; the tests read the report. No wait is without limit:
a session that does not end is ended, by its process group.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from planconcord.demo import create_demo
from planconcord.demo.drafts import make_drafts

from ..headless.conftest import LIBRARIES, plugin_zip, tool  # noqa: F401 - plugin_zip is a fixture
from .drafts import PLAN
from .plans import write_plans

ROOT = Path(__file__).resolve().parents[2]
INSIDE = Path(__file__).resolve().parent / "inside"
NEEDED = ("Xvfb", "xdotool", "qgis")
SESSION_LIMIT_S = 1_500
"""Ends a session that hangs, also on a machine that does much else; an idle one needs about a tenth."""
# QGIS takes its own requests (news, missing fonts) to a port where nobody listens, and asks nothing at its first start.
SETTINGS = """
[locale]
overrideFlag=true
userLocale={locale}

[proxy]
proxyEnabled=true
proxyHost=127.0.0.1
proxyPort=9
proxyType=HttpProxy

[app]
plugin_repositories\\QGIS%20Official%20Plugin%20Repository\\enabled=false
"""


NIGHT = "\n[UI]\nUITheme=Night Mapping\n"
TWICE: dict[str, Any] = {"size": "2800x1800", "variables": {"QT_SCALE_FACTOR": "2"}}
"""Dark, and at 200 %."""


class Screen:
    """An X server without a monitor."""

    def __init__(self, size: str = "1600x1000") -> None:
        reading, writing = os.pipe()
        # 96 dots an inch: at any other value Qt scales the window and the mouse misses.
        command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{size}x24", "-dpi", "96", "-nolisten", "tcp"]
        self._server = subprocess.Popen(
            command, pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        os.close(writing)
        with os.fdopen(reading) as pipe:
            self.display = f":{pipe.readline().strip()}"

    def close(self) -> None:
        """End the server."""
        self._server.terminate()
        self._server.wait(10)


class Session:
    """One QGIS from its start to its end."""

    def __init__(
        self, name: str, profile: Path, plans: Path, size: str = "1600x1000", variables: dict[str, str] | None = None
    ) -> None:
        self.name, self.folder = name, ROOT / "build" / "gui" / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self._screen = Screen(size)
        brief = {
            "here": str(INSIDE),
            "session": f"session_{name}",
            "folder": str(self.folder),
            "limit_s": SESSION_LIMIT_S - 20,
            "plans": str(plans),
        }
        self._report: dict[str, Any] | None = None
        try:
            surroundings = {**environment(profile, self._screen.display, brief), **(variables or {})}
            self._qgis = self._start(profile, surroundings)
        except BaseException:
            self._screen.close()
            raise

    def _start(self, profile: Path, variables: dict[str, str]) -> subprocess.Popen[bytes]:
        command = ["qgis", "--nologo", "--profiles-path", str(profile), "--code", str(INSIDE / "begin.py")]
        with (self.folder / "qgis.log").open("wb") as log:
            return subprocess.Popen(
                command,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self) -> dict[str, Any]:
        """The report, when QGIS has ended."""
        if self._report is None:
            try:
                code = self._qgis.wait(SESSION_LIMIT_S)
            except subprocess.TimeoutExpired:
                code = None
                self.end()
            path = self.folder / "report.json"
            self._report = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"steps": {}}
            self._report["exit_code"] = code
        return self._report

    @property
    def output(self) -> str:
        """What QGIS wrote to its standard output and error."""
        self.wait()
        return (self.folder / "qgis.log").read_text(encoding="utf-8", errors="replace")

    def seen(self, step: str) -> Any:
        """What a step of the session has seen; its error fails the test."""
        report = self.wait()
        entry = report["steps"].get(step)
        assert entry is not None, f"QGIS ended before step {step}, with {report['exit_code']}\n{self.output[-4000:]}"
        assert entry["ok"], f"step {step}, picture in {self.folder}\n{entry.get('error')}"
        return entry["seen"]

    def end(self) -> None:
        """End QGIS if it still runs, and its screen."""
        if self._qgis.poll() is None:
            os.killpg(self._qgis.pid, signal.SIGKILL)
            self._qgis.wait(10)
        self._screen.close()


def environment(profile: Path, display: str, brief: dict[str, Any]) -> dict[str, str]:
    """The surroundings of a person who has just logged in: nothing of this test's Python, a home of its own."""
    home, runtime = profile / "home", profile / "runtime"
    home.mkdir(exist_ok=True)
    runtime.mkdir(mode=0o700, exist_ok=True)
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "QT_", "QGIS_", "XDG_"))
    }
    kept.pop("VIRTUAL_ENV", None)
    return {
        **kept,
        "PATH": f"/usr/bin:/bin:{os.environ.get('PATH', '')}",
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "LC_ALL": "C.UTF-8",
        "DISPLAY": display,
        "QT_QPA_PLATFORM": "xcb",
        "PLANCONCORD_GUI": json.dumps(brief),
    }


def new_profile(
    factory: pytest.TempPathFactory,
    name: str,
    plugin: Path,
    locale: str,
    settings: str = "",
    libraries: Path | None = LIBRARIES,
) -> Path:
    """A profile with the plugin and, where given, the libraries; QGIS is asked to accept the plugin once for each kind."""
    if libraries not in _accepted:
        _accepted[libraries] = factory.mktemp("profiles") / "accepted"
        tool("install_plugin").install(_accepted[libraries], plugin, libraries)
    profile = factory.mktemp("profiles") / f"hồ sơ {name}"
    shutil.copytree(_accepted[libraries], profile, symlinks=True, ignore=shutil.ignore_patterns("runtime"))
    with (profile / "profiles" / "default" / "QGIS" / "QGIS3.ini").open("a", encoding="utf-8") as file:
        file.write(SETTINGS.format(locale=locale) + settings)
    return profile


_accepted: dict[Path | None, Path] = {}


@pytest.fixture(scope="session")
def province(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo province with its bad files and a second draft of a plan, made once; to be copied, not changed."""
    folder = tmp_path_factory.mktemp("demo") / "tỉnh mẫu"
    create_demo(folder, bad_files=True)
    make_drafts(folder, plans=(PLAN,))
    return folder


@pytest.fixture(scope="session")
def sessions(plugin_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Session]]:  # noqa: F811
    """All sessions, started."""
    lacking = [program for program in NEEDED if shutil.which(program) is None]
    assert not lacking, f"{', '.join(lacking)} is not there, and the gui storey needs it: please run tools/setup."
    plans = tmp_path_factory.mktemp("plans") / "plans.gpkg"
    write_plans(plans)
    started: dict[str, Session] = {}
    try:
        for name, locale, libraries in (
            ("english", "en_US", LIBRARIES),
            ("vietnamese", "vi", LIBRARIES),
            ("bare", "en_US", None),
            ("demo", "en_US", LIBRARIES),
        ):
            profile = new_profile(tmp_path_factory, name, plugin_zip, locale, libraries=libraries)
            started[name] = Session(name, profile, plans)
        yield started
    finally:
        for session in started.values():
            session.end()


@pytest.fixture(scope="session")
def english(sessions: dict[str, Session]) -> Session:
    """QGIS in English, with everything."""
    return sessions["english"]


@pytest.fixture(scope="session")
def vietnamese(sessions: dict[str, Session]) -> Session:
    """QGIS in Vietnamese."""
    return sessions["vietnamese"]


@pytest.fixture(scope="session")
def bare(sessions: dict[str, Session]) -> Session:
    """QGIS without shapely, geopandas and their company."""
    return sessions["bare"]


@pytest.fixture(scope="session")
def demo(sessions: dict[str, Session]) -> Session:
    """QGIS in English, with the demo province."""
    return sessions["demo"]
