"""The sheets as Debian's Chromium prints them: whole pages of A4, every finding on them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest
import sheets
from planconcord.engine.report.write import SheetOptions, write_sheets

TODAY = date(2026, 11, 22)
A4_PT = (595.28, 841.89)
pytestmark = pytest.mark.skipif(  # never in CI, where `make test` has set them up and a skip would hide that it did not
    not os.environ.get("CI") and not all(map(shutil.which, ("chromium", "pdfinfo", "pdftotext"))),
    reason="chromium or poppler-utils is not there: run tools/setup tests",
)


def printed(page: Path, profile: Path) -> Path:
    """The page as a PDF; no network, no sandbox, which root may not have."""
    pdf = page.with_suffix(".pdf")
    subprocess.run(
        [
            *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"),
            *(f"--user-data-dir={profile}", "--host-resolver-rules=MAP * ~NOTFOUND"),
            *(f"--print-to-pdf={pdf}", page.as_uri()),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return pdf


def told(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8", timeout=60).stdout


@pytest.mark.parametrize("language", ["vi", "en"])
def test_it_prints_on_a4(tmp_path: Path, language: str) -> None:
    sheets.write(tmp_path / "kho.gpkg")
    ground = sheets.plan_around(sheets.square(*sheets.DEFENCE_ZONE))
    made = write_sheets(tmp_path / "kho.gpkg", tmp_path, SheetOptions(language, today=TODAY), [ground])
    counts = {}
    for page in (made.sheets[0], made.province):
        pdf = printed(page, tmp_path / "profile")
        facts = told("pdfinfo", str(pdf))
        size = re.search(r"Page size:\s+([\d.]+) x ([\d.]+) pts", facts)
        assert size and [float(one) for one in size.groups()] == pytest.approx(A4_PT, abs=1.0)
        counts[page.name] = int(re.search(r"Pages:\s+(\d+)", facts).group(1))  # type: ignore[union-attr]
    assert counts == {"sheet-huyen-a.html": 2, "province.html": 2}
    words = told("pdftotext", str(made.sheets[0].with_suffix(".pdf")), "-")
    assert "Z_RPH" in words and "CQP" not in words and words.count("Chữ ký:" if language == "vi" else "Signature:") == 2
