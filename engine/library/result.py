"""What a check gives to a script: findings, numbers and words, and a way into a findings store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import pandas as pd

from ..findings import CheckResult
from ..usecases.assessment import Assessment
from .inputs import Store, place


@dataclass(frozen=True)
class Result:
    """What a check found.

    Attributes
    ----------
    findings : GeoDataFrame
        One row a finding, in the working CRS, with the columns of the finding record; ``area_m2`` in m², ``width_m`` in m.
    measures : mapping of str to float
        Named numbers: counts, areas in m², lengths in m. ``units`` has their units.
    conforms : bool
        No finding of severity error is open and the balance of areas closes.
    status : str
        "passed", "failed" or "not_assessed", which is never a pass.
    log : list of str
        What a person should read beside the numbers, such as what was left out.
    tables : mapping of str to DataFrame
        What was asked for besides: "cross_table" and "zones" of a conformity check, "unmatched_edges" of a coverage check; "figures", what
        was understood of a table of figures.
    """

    findings: gpd.GeoDataFrame
    measures: Mapping[str, float]
    units: Mapping[str, str]
    conforms: bool
    status: str
    log: list[str]
    tables: Mapping[str, pd.DataFrame]
    _assessment: Assessment = field(repr=False)

    def to_file(self, path: Store) -> None:
        """Write findings, measures and the record of the run as a findings store, which the review
        dock opens.

        Parameters
        ----------
        path : str or path
            A GeoPackage, or "postgres://…" for a schema of PostGIS. What lies there is replaced when the new store is whole;
            decisions in it go into the new one.
        """
        self._assessment.write(place(path))


def result_of(assessment: Assessment) -> Result:
    result: CheckResult = assessment.result
    wanted = {
        "unmatched_edges": result.unmatched,
        "cross_table": getattr(result, "cross_table", None),
        "zones": getattr(result, "zone_verdicts", None),
        "figures": getattr(result, "table", None),
    }
    return Result(
        findings=result.findings,
        measures={measure.name: float(measure.value) for measure in result.measures},
        units={measure.name: measure.unit for measure in result.measures},
        conforms=result.conforms,
        status=result.status,
        log=list(result.log),
        tables={name: table for name, table in wanted.items() if table is not None},
        _assessment=assessment,
    )
