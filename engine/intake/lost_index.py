"""A shapefile without its .shx, read all the same: the index is rebuilt in a folder of ours, never
beside the file.

Goes in: the path of the .shp. Comes out, for as long as the ``with`` lasts: the path of a shapefile
that has one; its parts are links where the system lets one link, else copies. Fails as OGR does
when the .shp itself is not sound.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyogrio

from .formats import PARTS_OF_SHAPEFILE
from .integrity import refused, sibling

RESTORE = "SHAPE_RESTORE_SHX"


@contextmanager
def with_index(path: Path) -> Iterator[Path]:
    """``path`` itself where its index is there."""
    if sibling(path, ".shx") is not None:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="planconcord-") as folder:
        made = Path(folder, f"{path.stem}.shp")
        link_or_copy(path, made)
        for ending in PARTS_OF_SHAPEFILE:
            part = sibling(path, ending)
            if part is not None:
                link_or_copy(part, made.with_suffix(ending))
        before = pyogrio.get_gdal_config_option(RESTORE)
        pyogrio.set_gdal_config_options({RESTORE: True})
        try:
            pyogrio.list_layers(made)
        except Exception as error:
            raise refused(path, "shp", str(error).split("\n", 1)[0]) from error
        finally:
            pyogrio.set_gdal_config_options({RESTORE: before})
        yield made


def link_or_copy(part: Path, target: Path) -> None:
    """Windows lets only some people link."""
    try:
        os.symlink(part.resolve(), target)
    except OSError:
        shutil.copyfile(part, target)
