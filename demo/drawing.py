"""A plan as a CAD drawing: the outline of every zone as a closed line, its code as a text inside,
no CRS.

In: polygons and their codes. Out: a DXF of AutoCAD 2000 with the layers RANH_THUA (outlines) and
MA_DAT (texts). A zone with holes is a hatch, because a closed line cannot say that there is a hole
in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import shapely

from ..engine.values import is_missing

OUTLINES, TEXTS = "RANH_THUA", "MA_DAT"
HEAD = (
    "0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1015\n9\n$DWGCODEPAGE\n3\nANSI_1252\n0\nENDSEC\n0\nSECTION\n2\nENTITIES\n"
)
TAIL = "0\nENDSEC\n0\nEOF\n"
TEXT_HEIGHT_M = 10


def write_drawing(path: Path, shapes: np.ndarray, codes: Sequence[str | None]) -> None:
    """Write the drawing."""
    words = ("" if is_missing(code) else str(code) for code in codes)
    entities = (entity for shape, code in zip(shapes, words) for entity in _zone(shape, code))
    path.write_bytes((HEAD + "".join(entities) + TAIL).encode("latin-1"))


def _zone(shape: shapely.Geometry | None, code: str) -> Iterator[str]:
    for part in shapely.get_parts(shape) if shape is not None else ():
        rings = [shapely.get_coordinates(ring)[:-1] for ring in shapely.get_rings(part)]
        yield _hatch(rings) if len(rings) > 1 else _outline(rings[0])
        if code:
            inside = shapely.point_on_surface(shapely.make_valid(part))
            yield _word(float(inside.x), float(inside.y), code)


def _outline(corners: np.ndarray) -> str:
    head = f"0\nLWPOLYLINE\n100\nAcDbEntity\n8\n{OUTLINES}\n100\nAcDbPolyline\n90\n{len(corners)}\n70\n1\n"
    return head + _vertices(corners)


def _hatch(rings: list[np.ndarray]) -> str:
    head = f"0\nHATCH\n100\nAcDbEntity\n8\n{OUTLINES}\n100\nAcDbHatch\n10\n0\n20\n0\n30\n0\n2\nSOLID\n70\n1\n71\n0\n91\n{len(rings)}\n"
    paths = "".join(f"92\n3\n72\n0\n73\n1\n93\n{len(ring)}\n{_vertices(ring)}97\n0\n" for ring in rings)
    return f"{head}{paths}75\n0\n76\n1\n98\n0\n"


def _vertices(corners: np.ndarray) -> str:
    return "".join(f"10\n{x!r}\n20\n{y!r}\n" for x, y in corners.tolist())


def _word(x: float, y: float, code: str) -> str:
    place = f"10\n{x!r}\n20\n{y!r}\n30\n0\n"
    return f"0\nTEXT\n100\nAcDbEntity\n8\n{TEXTS}\n100\nAcDbText\n{place}40\n{TEXT_HEIGHT_M}\n1\n{code}\n"
