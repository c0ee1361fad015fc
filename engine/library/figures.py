"""The library's way into tables of figures."""

from __future__ import annotations

import os
from pathlib import Path

from ..tolerance import Tolerance
from ..usecases.figures import assess_figures
from .inputs import Watch, common, request_of
from .result import Result, result_of


def check_figures(figures: str | os.PathLike[str], *, language: str = "en", progress: Watch = None) -> Result:
    """Does a table of figures agree with itself?

    Parameters
    ----------
    figures : path
        A workbook (.xlsx, .xlsm) or a CSV with forms of land-use plans or other tables of hectares; every sheet is looked at.
    language : {"en", "vi"}
        The language of the messages.
    progress : Progress or callable, optional
        Called with the share that is done and with what is being done.

    Returns
    -------
    Result
        Its findings have no geometry; declared_ha is the printed figure, measured_ha what its parts add up to.
        ``tables["figures"]`` is what was understood, a row for each figure.

    Raises
    ------
    PlanError
        When the file is no workbook or CSV, cannot be read, or holds no table of figures.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> lines = ["STT;Chỉ tiêu sử dụng đất;Mã;Tổng số (ha)", ";Tổng diện tích tự nhiên;;1.000,0",
    ...          "1;Đất nông nghiệp;NNP;700,5", "2;Đất phi nông nghiệp;PNN;250,0", "3;Đất chưa sử dụng;CSD;94,5"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = pathlib.Path(folder, "03CH.csv")
    ...     _ = table.write_text("\\n".join(lines), encoding="utf-8")
    ...     result = check_figures(table)
    >>> result.conforms, result.measures["sum_count"], result.findings[["zone_a", "difference_ha"]].to_dict("records")
    (False, 1.0, [{'zone_a': 'D2', 'difference_ha': 45.0}])
    """
    request = request_of("checkfigures", Tolerance(), **common(locals()))
    return result_of(assess_figures(request, Path(figures)))
