"""The look of a rule set's page: screen and A4 landscape; verdicts in colours that differ in
lightness too.
"""

from __future__ import annotations

from ..page_style import BASE

STYLE = (
    BASE
    + """
@page { size: A4 landscape; margin: 10mm 10mm 12mm; }
@media screen { body { max-width: 297mm; } }
h1 .other { display: block; font-size: 11pt; font-weight: normal; }
.about { width: auto; font-size: 8.5pt; } .about th { color: #44505c; white-space: nowrap; }
.about th .other { display: block; font-size: 7pt; } .about td { max-width: 200mm; } code { font-size: 7.5pt; }
.legend { margin: 4mm 0 0; font-size: 8.5pt; } .key { display: inline-block; margin: 0 6mm 1.5mm 0; }
.key .cell { display: inline-block; min-width: 9mm; padding: 0.4mm 1mm; border: 0.2mm solid #9aa4ae; }
.cell { text-align: center; font-weight: bold; }
.conflict { background: #c4473c; color: #fff; } .conditional { background: #f7d774; }
.compatible { background: #e3f1df; } .unlisted { background: #fff; color: #5b6672; }
.conflict sup, .conflict .review { color: #fff; }
sup { font-weight: normal; font-size: 5.5pt; line-height: 0; }
.review { color: #8a2b06; font-weight: bold; }
.matrix { table-layout: fixed; font-size: 7pt; margin-bottom: 5mm; } .matrix .corner { width: 44mm; vertical-align: bottom; }
.matrix thead th { vertical-align: bottom; padding: 0.5mm 0; text-align: center; overflow: hidden; overflow-wrap: anywhere; }
.matrix thead .corner { text-align: left; padding: 1mm; }
.up { writing-mode: vertical-rl; transform: rotate(180deg); height: 38mm; max-width: 10.5mm; margin: 0 auto 1mm; overflow: hidden;
  line-height: 1.12; font-size: 6.2pt; text-align: left; } .up .other { display: block; }
.matrix td { padding: 0.7mm 0; } .lower { overflow-wrap: anywhere; }
.list .cell { width: 26mm; }
.list .conflict .other { color: #fff; }
.matrix-heading { break-before: page; }
"""
)
