"""Make a QGIS profile that holds the plugin from its zip, enabled, and the libraries that QGIS
lacks.

`install_plugin.py --profile DIR [--zip FILE] [--libraries DIR | --no-libraries]`: DIR is what QGIS
takes as QGIS_CUSTOM_CONFIG_PATH; an earlier copy of the plugin in it is replaced, everything else
is left. Fails when the zip is not there or qgis_process does not accept the plugin. Needs nothing
but Python.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = f"py{sys.version_info[0]}.{sys.version_info[1]}"


def install(profile: Path, archive: Path, libraries: Path | None) -> None:
    """Unpack `archive` into `profile`, link `libraries` (None: leave QGIS as it is) and enable the
    plugin.
    """
    python = profile / "profiles" / "default" / "python"
    plugins, shelf = python / "plugins", python / "planconcord-libraries"
    shutil.rmtree(plugins / "planconcord", ignore_errors=True)
    plugins.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(plugins)
    shutil.rmtree(shelf, ignore_errors=True)
    if libraries is not None:
        shelf.mkdir()
        (shelf / PYTHON).symlink_to(libraries.resolve(), target_is_directory=True)
    enable(profile)


def enable(profile: Path, plugin: str = "planconcord") -> None:
    """Let QGIS load the plugin from now on, and see that it does."""
    command = [str(ROOT / "tools" / "qgis_process"), "plugins", "enable", plugin]
    environment = {**os.environ, "PLANCONCORD_PROFILE": str(profile)}
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL)
    if "already enabled" in done.stdout + done.stderr:
        return  # the profile of an earlier demo; a plugin that fails to start is switched off by QGIS, so it did start
    # qgis_process reports success although the plugin failed to start; only its traceback tells.
    if done.returncode or "Traceback" in done.stderr or "error" in done.stderr.lower():
        raise SystemExit(f"QGIS does not accept the plugin {plugin}:\n{done.stdout}\n{done.stderr}")


def newest_zip() -> Path:
    """Return the zip that `make package` left in dist/."""
    zips = sorted((ROOT / "dist").glob("planconcord-*.zip"), key=lambda path: path.stat().st_mtime)
    if not zips:
        raise SystemExit("dist/ has no planconcord-*.zip: please run make package first.")
    return zips[-1]


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", type=Path, default=ROOT / "build" / "profile")
    parser.add_argument("--zip", type=Path, help="default: the newest in dist/")
    parser.add_argument("--libraries", type=Path, default=ROOT / "build" / "libraries")
    parser.add_argument("--no-libraries", dest="libraries", action="store_const", const=None)
    chosen = parser.parse_args()
    install(chosen.profile, chosen.zip or newest_zip(), chosen.libraries)
    print(f"Plan Concord is installed in the QGIS profile {chosen.profile}")


if __name__ == "__main__":
    main()
