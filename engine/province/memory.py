"""How much memory the checks of a province may take: jobs at a time, and plans that are held for
the next one.

Goes in: the bytes that the person allows, or None, and what reading each plan takes. Comes out: the
budget for jobs and for held plans. Measured on plans of 1,000 to 27,000 zones: a job takes at most
twice what reading its plans does, and a packed plan a third. Without a limit the budget is that of
the two largest plans for each job at once, and never more than half of what the machine has free;
one job always may run, however large.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..intake.memory import free_bytes

JOB_FACTOR = 2.0
"""What a check takes at its peak, by what reading its plans takes."""
HELD_SHARE = 0.25
"""How much of a given limit is for plans that are held."""
SHARE_OF_FREE = 0.5


@dataclass(frozen=True)
class Memory:
    """``given_bytes``: the person's limit; ``plans_bytes``: what reading each plan takes."""

    given_bytes: int | None = None
    plans_bytes: Sequence[int] = ()

    @property
    def pair_bytes(self) -> int:
        """The two largest plans."""
        return sum(sorted(self.plans_bytes)[-2:])

    @property
    def held_bytes(self) -> int:
        """For plans that are held, packed."""
        return self.pair_bytes if self.given_bytes is None else int(HELD_SHARE * self.given_bytes)

    def jobs_bytes(self, at_once: int) -> int:
        """For jobs that run side by side, ``at_once`` at most."""
        if self.given_bytes is not None:
            return self.given_bytes - self.held_bytes
        wanted = int(at_once * JOB_FACTOR * self.pair_bytes)
        free = free_bytes()
        return wanted if free is None else min(wanted, int(SHARE_OF_FREE * free))

    @staticmethod
    def of_job(plans_bytes: Sequence[int]) -> int:
        """Return what a job with plans of these sizes takes."""
        return int(JOB_FACTOR * sum(plans_bytes))
