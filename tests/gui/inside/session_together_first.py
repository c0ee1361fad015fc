"""The first of two windows on one store."""

from session_together import STEPS

__all__ = ["STEPS"]
