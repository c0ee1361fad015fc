"""Which arguments of pip bring the libraries that this QGIS lacks into a folder: the plugin's own
command.

Run by the Python that QGIS uses, `library_arguments.py FOLDER`; prints the arguments, each ended by
a NUL, and nothing when QGIS lacks nothing.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
from pathlib import Path


def main() -> None:
    """Load the package from this checkout, installed or not, and ask its guard."""
    root = Path(__file__).resolve().parent.parent
    spec = importlib.util.spec_from_file_location(
        "planconcord", root / "__init__.py", submodule_search_locations=[str(root)]
    )
    assert spec is not None
    sys.modules["planconcord"] = importlib.util.module_from_spec(spec)
    libraries = importlib.import_module("planconcord.qgis_bridge.libraries")
    lacking = [*libraries.lacking(), *libraries.lacking_optional()]
    if lacking:
        arguments = libraries.install_arguments(sys.argv[1], importlib.metadata.version("numpy"), lacking)
        print("".join(f"{argument}\0" for argument in arguments), end="")


if __name__ == "__main__":
    main()
