"""What every storey of tests shares: where the checkout is and where the real layers lie beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from postgis_cluster import office, schema, store_place

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout, which is the package."""
    return ROOT


@pytest.fixture(scope="session")
def real_layers() -> Path:
    """The folder of real layers that nobody here drew; a test that needs it is skipped where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real layers are not here: ../shared/data beside the checkout is absent")
    return folder


__all__ = ["office", "schema", "store_place"]
