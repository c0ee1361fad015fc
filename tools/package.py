"""Build the zip that QGIS installs: dist/planconcord-<version>.zip, the same bytes from the same
files.

Takes the folders of the package and refuses a file of a kind that has no place in a plugin, so that
nothing slips in. `package.py [--folder DIR]` prints the path of the zip. Needs nothing but Python.
"""

from __future__ import annotations

import argparse
import configparser
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = ("__init__.py", "__main__.py", "metadata.txt", "LICENSE", "README.md", "CHANGELOG.md")
CODE, DATA = {".py"}, {".csv", ".html", ".json", ".md", ".model3", ".png", ".qml", ".qpt", ".svg", ".toml", ".txt"}
FOLDERS = {
    **dict.fromkeys(("algorithms", "cli", "demo", "engine", "qgis_bridge", "qgis_plugin"), CODE),
    "resources": DATA,
}
# One date for all, so that the zip tells nothing but its contents; zip knows none before 1980.
DATE = (2000, 1, 1, 0, 0, 0)
LARGEST_ZIP_BYTES = 5_000_000


def version() -> str:
    """Return the version in metadata.txt."""
    metadata = configparser.ConfigParser(interpolation=None)
    metadata.read(ROOT / "metadata.txt", encoding="utf-8")
    return metadata["general"]["version"]


def contents() -> Iterator[Path]:
    """Yield the files of the plugin, in an order that never changes, relative to the root."""
    for name in FILES:
        if (ROOT / name).is_file():
            yield Path(name)
    for folder, kinds in FOLDERS.items():
        for path in sorted((ROOT / folder).rglob("*")):
            inside = path.relative_to(ROOT)
            if path.is_dir() or any(part.startswith(".") or part == "__pycache__" for part in inside.parts):
                continue
            if path.suffix not in kinds:
                raise SystemExit(f"{inside} does not go into the plugin; {folder}/ is for {', '.join(sorted(kinds))}")
            yield inside


def build(folder: Path) -> Path:
    """Write the zip into `folder` and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"planconcord-{version()}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in contents():
            entry = zipfile.ZipInfo(f"planconcord/{path.as_posix()}", DATE)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o100644 << 16
            packed.writestr(entry, (ROOT / path).read_bytes())
    if archive.stat().st_size > LARGEST_ZIP_BYTES:
        raise SystemExit(f"{archive} has {archive.stat().st_size:,} bytes; at most {LARGEST_ZIP_BYTES:,} were expected")
    return archive


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "dist")
    print(build(parser.parse_args().folder))
