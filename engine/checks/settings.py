"""What a check is asked to do, apart from the plans: tolerance, language of the messages, the run
it belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..progress import Progress
from ..tolerance import Tolerance


@dataclass(frozen=True)
class Settings:
    """``language``: "vi" or "en". ``progress`` hears how far the check has come and is asked
    whether to stop.
    """

    tolerance: Tolerance = field(default_factory=Tolerance)
    language: str = "en"
    run_id: str = ""
    progress: Progress = field(default_factory=Progress)
