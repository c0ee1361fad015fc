"""Whether this QGIS can run the checks, and from where it takes shapely, geopandas and their
company.

QGIS's own libraries serve where they are new enough. What is absent or too old comes from one
folder of the profile, `python/planconcord-libraries/pyX.Y`, at the end of the search path, which
only the person fills, with the command that `missing()` prints: nothing is downloaded silently and
numpy is never replaced. On Linux the compiled modules of wheels are loaded so that they find their
own GEOS, PROJ and GDAL before those of QGIS; otherwise they crash the program. Neither function
raises: the toolbox opens without any library, and an algorithm says what is missing when it is run.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import itertools
import os
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    PathFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from ..engine.catalogue import language_of, text

if TYPE_CHECKING:
    from importlib.abc import PathEntryFinder


class Library(NamedTuple):
    """A library by its import name: from which version on it serves, what the command asks for, and
    what that needs.

    The command asks with ~= and never with < or >, which a terminal of Windows takes for files.
    """

    name: str
    at_least: str
    asked: str = ""
    asked_with_numpy_1: str = ""
    asked_with_python_39: str = ""
    compiled: str = ""
    beside: tuple[str, ...] = ()


NUMPY = Library("numpy", "1.24")
NUMPY_BELOW = "3"
LIBRARIES = (
    Library("shapely", "2.0", "~=2.1", "~=2.1.0", "~=2.0.6", "shapely.lib"),
    Library("pyproj", "3.4", "~=3.4", compiled="pyproj._transformer", beside=("certifi",)),
    Library("pandas", "2.0", "~=2.2", beside=("python-dateutil", "pytz", "six", "tzdata")),
    Library("geopandas", "1.0", "~=1.1", "~=1.1.0", "~=1.0.0", beside=("packaging",)),
    # Python itself reads TOML from 3.11 on.
    *((Library("tomli", "1.1", "~=2.0"),) if sys.version_info < (3, 11) else ()),
)
# Either reads and writes files; the command brings both, because a format that one refuses the
# other may read.
READERS = (
    Library("pyogrio", "0.7.2", "~=0.7", compiled="pyogrio._io", beside=("certifi", "packaging")),
    Library(
        *("fiona", "1.9", "~=1.9"),
        compiled="fiona.ogrext",
        beside=("attrs", "certifi", "click", "click-plugins", "cligj"),
    ),
)
# Wanted for single jobs only; nothing else waits for them.
OPTIONAL = (Library("openpyxl", "3.0.9", "~=3.1", beside=("et-xmlfile",)),)
BUNDLING = ("shapely", "pyproj", "pyogrio", "fiona")

_usable = False


def libraries_folder() -> Path:
    """Return the folder of the running profile that holds what this QGIS lacks."""
    from qgis.core import QgsApplication

    python = f"py{sys.version_info[0]}.{sys.version_info[1]}"
    return Path(QgsApplication.qgisSettingsDirPath(), "python", "planconcord-libraries", python)


def ensure_libraries() -> None:
    """Make the profile's folder importable, before anything else imports shapely. Imports none of
    the libraries.
    """
    if hasattr(os, "RTLD_DEEPBIND") and not any(_same(hook, _bundling_package) for hook in sys.path_hooks):
        sys.path_hooks.insert(0, _bundling_package)
    folder = str(libraries_folder())
    if folder not in sys.path and os.path.isdir(folder):
        sys.meta_path.insert(0, _InsteadOfOutdated(folder))
        sys.path.append(folder)


def missing() -> str:
    """Return an empty text when everything is usable, else one sentence that says what is not and
    the command that helps.
    """
    global _usable
    if not _usable:
        importlib.invalidate_caches()
        ensure_libraries()
        sentence = _numpy_unfit() or _loaded_unfit() or _absent() or _not_loadable()
        if sentence:
            return sentence
        _usable = True
    return ""


def missing_for(name: str) -> str:
    """Return an empty text when the optional library ``name`` is usable, else one sentence with the
    command that helps.
    """
    importlib.invalidate_caches()
    ensure_libraries()
    library = next(library for library in OPTIONAL if library.name == name)
    if _serves(library):
        return ""
    found = _version(name)
    key = "libraries.old" if found else "libraries.absent"
    said = _say(key, name=name, found=found, least=library.at_least)
    return _say("libraries.missing_for", names=said, command=install_command([library]))


def _same(one: object, other: object) -> bool:
    """Return whether two functions or classes are one; by name, because QGIS loads this file anew
    when the plugin is updated.
    """
    return getattr(one, "__qualname__", "") == getattr(other, "__qualname__", None)


# What is at fault, each as '' or one sentence


def _numpy_unfit() -> str:
    found = _version("numpy")
    if found and not _older(found, NUMPY.at_least) and _older(found, NUMPY_BELOW):
        return ""
    return _say("libraries.numpy", found=found or _say("libraries.none"), least=NUMPY.at_least, below=NUMPY_BELOW)


def _loaded_unfit() -> str:
    """QGIS or another plugin has loaded a library, before this plugin could, that cannot serve and
    cannot be exchanged.
    """
    for library in (*LIBRARIES, *READERS):
        module = sys.modules.get(library.name)
        if module is None:
            continue
        found, home = str(getattr(module, "__version__", "")), str(Path(str(module.__file__)).parent.parent)
        values = {"name": library.name, "found": found, "home": home, "command": _removal_command(library.name, home)}
        if _older(found, library.at_least):
            return _say("libraries.loaded.old", least=library.at_least, **values)
        if _crashes(module, library):
            return _say("libraries.loaded.crashes", **values)
    return ""


def _crashes(module: ModuleType, library: Library) -> bool:
    """Return a wheel's compiled module, loaded on Linux by somebody else, calls QGIS's GEOS, PROJ
    or GDAL instead of its own.
    """
    part = sys.modules.get(library.compiled)
    if part is None or not hasattr(os, "RTLD_DEEPBIND"):
        return False
    return _bundles(str(Path(str(module.__file__)).parent)) and not _same(type(part.__loader__), _OwnSymbolsLoader)


def _absent() -> str:
    wanted = lacking()
    if not wanted:
        return ""
    names = []
    for library in wanted:
        found = _version(library.name)
        key = "libraries.old" if found else "libraries.absent"
        names.append(_say(key, name=library.name, found=found, least=library.at_least))
    return _say("libraries.missing", names=", ".join(names), command=install_command())


def lacking_optional() -> list[Library]:
    """Return what of the optional libraries is absent or too old."""
    return [library for library in OPTIONAL if not _serves(library)]


def lacking() -> list[Library]:
    """Return what QGIS and the profile's folder have not, or have in too old a version."""
    wanted = [library for library in LIBRARIES if not _serves(library)]
    return wanted if any(map(_serves, READERS)) else [*wanted, *READERS]


def _not_loadable() -> str:
    for library in (*LIBRARIES, *(reader for reader in READERS if _serves(reader))):
        try:
            importlib.import_module(library.compiled or library.name)
        except Exception as fault:
            # A wheel for another numpy raises ValueError, one for another system ImportError; all
            # end in the sentence.
            return _say(
                "libraries.unloadable",
                name=library.name,
                found=_version(library.name),
                reason=f"{type(fault).__name__}: {fault}",
                command=install_command([library]),
            )
    return ""


# Versions, found without importing


def _serves(library: Library) -> bool:
    found = _version(library.name)
    return bool(found) and not _older(found, library.at_least)


def _version(name: str) -> str:
    """Return the version that `import name` gets, '' when there is none."""
    loaded = getattr(sys.modules.get(name), "__version__", "")
    if loaded:
        return str(loaded)
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.origin:
        return ""
    installed = _installed_version(name, [str(Path(spec.origin).parent.parent)])
    return installed or str(getattr(importlib.import_module(name), "__version__", ""))


def _installed_version(name: str, path: list[str]) -> str:
    for distribution in importlib.metadata.distributions(name=name, path=path):
        return distribution.version
    return ""


def _older(version: str, than: str) -> bool:
    return _release(version) < _release(than)


def _release(version: str) -> tuple[int, ...]:
    """Return (2, 1, 2) of 2.1.2, 2.1.2rc1 and 2.1.2+local."""
    numbers: list[int] = []
    for part in version.split("+")[0].split("."):
        digits = "".join(itertools.takewhile(str.isdigit, part))
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers)


# The command


def install_command(libraries: list[Library] | None = None) -> str:
    """Return the one command that fills the profile's folder, to be copied into a terminal."""
    arguments = install_arguments(libraries_folder(), _version("numpy"), lacking() if libraries is None else libraries)
    return _shown([*_python(), "-m", "pip", *arguments])


def install_arguments(folder: Path | str, numpy_version: str, libraries: Iterable[Library]) -> list[str]:
    """Return what follows `python -m pip` to put `libraries` into `folder`, in versions fit for the
    numpy that runs.
    """
    wanted = list(libraries)
    beside = sorted({name for library in wanted for name in library.beside})
    return [
        *("install", "--upgrade", "--no-deps", "--only-binary", ":all:", "--target", str(folder)),
        *(_requirement(library, numpy_version) for library in wanted),
        *(name for name in beside if not _installed_version(name, sys.path)),
    ]


def _requirement(library: Library, numpy_version: str) -> str:
    asked = library.asked
    if _older(numpy_version, "2"):
        asked = library.asked_with_numpy_1 or asked
    if sys.version_info < (3, 10):
        asked = library.asked_with_python_39 or asked
    return f"{library.name}{asked}"


def _removal_command(name: str, home: str) -> str:
    if home.endswith("dist-packages") and home.startswith("/usr/lib/"):
        return _shown(["sudo", "apt", "remove", f"python3-{name}"])
    # Debian marks its Python as its own, and pip then asks for this flag.
    marked = Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").is_file()
    flags = ["--break-system-packages"] if marked else []
    return _shown([*_python(), "-m", "pip", "uninstall", *flags, name])


def _python() -> list[str]:
    """Return how a terminal starts the Python that QGIS runs; sys.executable is QGIS itself on
    Windows and macOS.
    """
    if os.environ.get("FLATPAK_ID"):
        return ["flatpak", "run", "--command=python3", os.environ["FLATPAK_ID"]]
    minor = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    here, program = Path(sys.exec_prefix), Path(sys.executable).parent
    if sys.platform == "win32":
        # The batch files of OSGeo4W and of the stand-alone installer set the paths without which
        # pip finds no ssl.
        bin_folder = Path(os.environ.get("OSGEO4W_ROOT", sys.exec_prefix), "bin")
        found = [bin_folder / "python-qgis-ltr.bat", bin_folder / "python-qgis.bat", here / "python.exe"]
        if "ltr" not in _prefix():
            found[:2] = found[1::-1]
    else:
        found = [here / "bin" / minor, program / "bin" / minor, program / "bin" / "python3", program / "python3"]
    return [str(next((path for path in found if path.is_file()), "python3"))]


def _prefix() -> str:
    from qgis.core import QgsApplication

    return QgsApplication.prefixPath()


def _shown(command: list[str]) -> str:
    return subprocess.list2cmdline(command) if sys.platform == "win32" else shlex.join(command)


def _say(key: str, **values: object) -> str:
    from qgis.core import QgsApplication

    return text(key, language_of(QgsApplication.locale()), **values)


# How modules are found


class _OwnSymbolsLoader(ExtensionFileLoader):
    """Loads a compiled module so that its symbols come from the libraries it was built with.

    A wheel of shapely, pyproj, pyogrio or fiona brings its own GEOS, PROJ and GDAL. QGIS has loaded
    others with the same symbol names, and without this flag the dynamic linker resolves every call
    to those.
    """

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        flags = sys.getdlopenflags()
        sys.setdlopenflags(os.RTLD_NOW | os.RTLD_DEEPBIND)
        try:
            return super().create_module(spec)
        finally:
            sys.setdlopenflags(flags)


_find_with_own_symbols = FileFinder.path_hook(
    (_OwnSymbolsLoader, EXTENSION_SUFFIXES),
    (SourceFileLoader, SOURCE_SUFFIXES),
    (SourcelessFileLoader, BYTECODE_SUFFIXES),
)


def _bundling_package(path: str) -> PathEntryFinder:
    """Return a path hook for the inside of packages with compiled modules that bring their own
    GEOS, PROJ or GDAL.

    A hook rather than an import under the flag, because these packages load further compiled
    modules when first used.
    """
    if _bundles(path):
        return _find_with_own_symbols(path)
    raise ImportError(f"{path} brings no libraries of its own")


def _bundles(package_folder: str) -> bool:
    """Wheels for Linux keep what they bring in a folder NAME.libs beside the package NAME."""
    return os.path.basename(package_folder) in BUNDLING and os.path.isdir(f"{package_folder}.libs")


class _InsteadOfOutdated:
    """Finds a library in the profile's folder although QGIS has it, where QGIS's is too old."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.libraries = {library.name: library for library in (*LIBRARIES, *READERS)}

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Return a module spec from the profile's folder, or None to let the ordinary search go on."""
        library = self.libraries.get(name)
        if library is None:
            return None
        found = _installed_version(name, [entry for entry in sys.path if entry != self.folder])
        return PathFinder.find_spec(name, [self.folder]) if found and _older(found, library.at_least) else None
