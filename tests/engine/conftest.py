"""Random examples: new ones at every run of a developer, the same ones at every run of CI, so that a landing is repeatable.

And the demo province, made once for all tests that read it, in whichever process of the run they are.
"""

from __future__ import annotations

import fcntl
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
    """The demo province of 2,000 zones, seed 1, with its folder of bad files, to be read and not changed."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = shared / "demo" / "tỉnh mẫu"
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():  # it takes its name when it is whole
            create_demo(folder, seed=1, size=2_000, bad_files=True)
    return folder
