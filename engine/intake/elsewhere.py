"""What a file holds that another program, QGIS, does not read of it: the same account as of a
reading of ours.

Goes in: a source as QGIS names it, and the numbers of features and fields that QGIS says the layer
has. Comes out: notes. A source that is none of a file, or cannot be looked into, has none.
"""

from __future__ import annotations

from ..errors import PlanError
from ..plan import Note
from .account import account_of
from .cad import unshown
from .frames import layer_names, read_frame
from .opening import opened

APART = "intake.note.rings_apart"


def unread_elsewhere(source: str, features: int, fields: int) -> list[Note]:
    """Return the notes on ``source``, of which another program read so many ``features`` and
    ``fields``.
    """
    try:
        with opened(source) as ready:
            names = layer_names(ready)
            layer = ready.source.layer if ready.source.layer in names or len(names) > 1 else names[0]
            notes = account_of(ready, layer, features, fields)
            notes += [("intake.lost_rings", values) for key, values in ready.notes if key == APART]
            if ready.form == "dxf":
                notes += unshown(read_frame(ready).frame, layer)
    except PlanError:
        return []
    return notes
