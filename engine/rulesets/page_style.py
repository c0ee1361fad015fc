"""The look of a rule set's page: screen and A4 landscape; verdicts in colours that differ in lightness too."""

from __future__ import annotations

STYLE = """
@page { size: A4 landscape; margin: 10mm 10mm 12mm; }
* { box-sizing: border-box; }
body { font: 10pt/1.35 "DejaVu Sans", "Segoe UI", Arial, sans-serif; color: #1c2530; margin: 0 auto; padding: 8mm;
  max-width: 297mm; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
h1 { font-size: 15pt; margin: 0 0 3mm; } h2 { font-size: 11.5pt; margin: 7mm 0 2mm; break-after: avoid; }
.kind { margin: 0; color: #1f5c7a; font-weight: bold; } .other { color: #5b6672; }
h1 .other { display: block; font-size: 11pt; font-weight: normal; }
table { border-collapse: collapse; width: 100%; }
th, td { border: 0.2mm solid #9aa4ae; padding: 0.6mm 1mm; text-align: left; vertical-align: top; font-weight: normal; }
thead { display: table-header-group; } tr { break-inside: avoid; }
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
.list { font-size: 7.5pt; } .list thead th { background: #eef1f4; } .list .cell { width: 26mm; }
.list .conflict .other { color: #fff; } .number { text-align: right; width: 9mm; }
.swatch { display: inline-block; width: 3.4mm; height: 3.4mm; border: 0.2mm solid #555; margin-right: 1.5mm;
  vertical-align: -0.5mm; }
.matrix-heading { break-before: page; } .left-out { background: #fff4d6; padding: 2mm; } footer { margin-top: 6mm; font-size: 7.5pt; color: #44505c; }
@media print { body { padding: 0; max-width: none; } }
"""
