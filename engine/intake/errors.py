"""Why a source gives no plan: one error that distinguishes the missing, the empty, the truncated,
the locked and the unsupported file.

``state`` is one word that a program can branch on; the sentence for a person is the catalogue's, as
in every PlanError.
"""

from __future__ import annotations

from ..errors import PlanError

STATES = (
    "missing",
    "not_permitted",
    "locked",
    "empty",
    "truncated",
    "damaged",
    "unsupported",
    "too_large",
    "hostile",
    "no_such_layer",
)


class IntakeError(PlanError):
    """A source that cannot be read; ``key`` is ``error.intake.STATE`` or, where more can be said,
    ``error.intake.STATE.…``.
    """

    def __init__(self, key: str, **values: object):
        self.state = key.split(".")[2]
        if self.state not in STATES:
            raise KeyError(key)
        super().__init__(key, **values)
