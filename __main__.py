"""`python -m planconcord …`: the checks without QGIS; exit status 0 conforms, 1 does not, 2 could not run."""

from __future__ import annotations

import sys

from .engine.command import main

if __name__ == "__main__":
    sys.exit(main())
