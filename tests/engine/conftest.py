"""Random examples: new ones at every run of a developer, the same ones at every run of CI, so that a landing is repeatable."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("repeatable")
