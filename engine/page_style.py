"""What all pages of ours share: the frame of an HTML file that needs nothing beside it, and the
look of text and tables on A4.

A page adds its own rules after BASE. Nothing is loaded from anywhere: no script, no font, no
picture by address; the policy in the head forbids it, should a text of a layer ever get past the
escaping.
"""

from __future__ import annotations

from html import escape

from .tables.writing import PAGE_MARK

BASE = """
* { box-sizing: border-box; }
body { font: 10pt/1.35 "DejaVu Sans", "Segoe UI", Arial, sans-serif; color: #1c2530; margin: 0 auto; padding: 8mm;
  -webkit-print-color-adjust: exact; print-color-adjust: exact; }
h1 { font-size: 15pt; margin: 0 0 3mm; } h2 { font-size: 11.5pt; margin: 7mm 0 2mm; break-after: avoid; }
.kind { margin: 0; color: #1f5c7a; font-weight: bold; } .other { color: #5b6672; }
table { border-collapse: collapse; width: 100%; }
th, td { border: 0.2mm solid #9aa4ae; padding: 0.6mm 1mm; text-align: left; vertical-align: top; font-weight: normal; }
thead { display: table-header-group; } tr { break-inside: avoid; }
.list { font-size: 7.5pt; } .list thead th { background: #eef1f4; } .number { text-align: right; width: 9mm; }
.swatch { display: inline-block; width: 3.4mm; height: 3.4mm; border: 0.2mm solid #555; margin-right: 1.5mm;
  vertical-align: -0.5mm; }
.left-out { background: #fff4d6; padding: 2mm; } footer { margin-top: 6mm; font-size: 7.5pt; color: #44505c; }
@media print { body { padding: 0 0.3mm; max-width: none; } }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def opening(title: str, language: str, style: str) -> str:
    """Return the head of a page up to and with ``<body>``; ``title`` is plain text, ``style`` CSS
    of ours.
    """
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8">{PAGE_MARK}'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{escape(title)}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{style}</style></head><body>"
    )


CLOSING = "</body></html>\n"
