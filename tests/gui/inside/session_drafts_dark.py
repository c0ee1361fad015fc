"""From draft to draft in Vietnamese, in a dark theme, at twice the size."""

from session_drafts import STEPS

__all__ = ["STEPS"]
