"""Does the lower plan fit the upper one? A verdict of the rule set for every place where their
zones meet.

Goes in: the lower and the upper PlanLayer in the same working CRS in metres, and a RuleSet. Comes
out: a ConformityResult with the findings conformity.conflict, .conditional, .unlisted, .unplanned,
.unfulfilled, .diagram, code.unknown, code.missing, code.superseded, the measures that the
contract's outputs are named after, and on request two tables: every pair of codes with its
hectares, and the lower zones with a verdict each. Only pairs whose verdict is reported are clipped.
Areas in m² on the plane. Fails with PlanError when a plan has no code field or no area, or the two
do not meet at all; Cancelled when asked to.
"""

from .check import check_conformity
from .options import ConformityResult, Options

__all__ = ["ConformityResult", "Options", "check_conformity"]
