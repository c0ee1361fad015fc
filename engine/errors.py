"""A check that could not run says which layer, which feature, what was expected, what was found and
what to do.

The words are in the catalogue (resources/i18n), in Vietnamese and English; the exception carries
their key and values, so that the one who shows it chooses the language.
"""

from __future__ import annotations

from .catalogue import text


class PlanError(Exception):
    """The check could not run. ``key`` names the message in the catalogue, ``values`` fill it."""

    def __init__(self, key: str, **values: object):
        self.key, self.values = key, values
        super().__init__(text(key, "en", **values))

    def text(self, language: str) -> str:
        """Return the message in ``language`` ("vi" or "en")."""
        return text(self.key, language, **self.values)
