"""Random examples: new ones at every run of a developer, the same ones at every run of CI, so that a landing is repeatable.

And the demo province, made once for all tests that read it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings
from planconcord.demo import create_demo

settings.register_profile("repeatable", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo province of 2,000 zones, seed 1, with its folder of bad files."""
    return create_demo(tmp_path_factory.mktemp("demo") / "tỉnh mẫu", seed=1, size=2_000, bad_files=True).parent
