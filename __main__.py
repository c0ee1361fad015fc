"""`python -m planconcord …`: the checks without QGIS; exit status 0 conforms, 1 does not, 2 could
not run.
"""

from __future__ import annotations

import sys

try:
    from .cli.checks import main
except ImportError as error:  # a library that is not there, or whose parts do not fit each other
    if __name__ != "__main__":
        raise
    sys.stderr.write(f"Plan Concord could not start: {error}. Install it again with pip, which brings what it needs.\n")
    sys.exit(2)

if __name__ == "__main__":
    sys.exit(main())
