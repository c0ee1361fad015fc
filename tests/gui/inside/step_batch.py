"""The batch window: from the dialog's own button, two rows, two files."""

from __future__ import annotations

from typing import Any

import windows
from person import Person, Step, button_saying, dialog, named
from qgis.PyQt.QtWidgets import QComboBox, QLineEdit, QTableWidget, QToolButton, QWidget


def batch_of_two(person: Person) -> Step:
    """checkcoverage over two layers in one go."""
    outputs = {layer: person.folder / f"batch {layer}.gpkg" for layer in ("plan", "upper")}
    opened = yield from windows.open_algorithm(person, "Check coverage of a plan")
    yield from person.press(button_saying(opened, "Run as Batch"))
    yield lambda: dialog("BatchAlgorithmDialog")
    batch = dialog("BatchAlgorithmDialog")
    batch.resize(1500, 600)
    batch.move(50, 150)
    batch.activateWindow()
    yield 0.4
    yield from person.press(named(batch, QToolButton, "btnAdd"))
    table = named(batch, QTableWidget, "tblParameters")
    yield lambda: table.rowCount() == 3
    for row, (layer, path) in enumerate(outputs.items(), start=1):
        yield from person.choose(_cell(batch, row, "INPUT", QComboBox), layer)
        yield from person.fill(_cell(batch, row, "FINDINGS", QLineEdit), str(path))
    person.shot("batch")
    columns = [table.horizontalHeaderItem(column).text() for column in range(table.columnCount())]
    shown = [words for column, words in enumerate(columns) if not table.isColumnHidden(column)]
    yield from person.press(button_saying(batch, "Run"))
    yield lambda: "Batch execution completed" in windows.log_of(batch), windows.CHECK_S
    yield 0.5
    told: dict[str, Any] = {"columns": shown, "log": windows.log_of(batch)}
    person.shot("batch log")
    yield from windows.close(person, batch)
    return {**told, "files": {layer: path.is_file() for layer, path in outputs.items()}}


def _cell(batch: QWidget, row: int, parameter: str, kind: type) -> Any:
    panel = batch.mainWidget()
    widget = panel.tblParameters.cellWidget(row, panel.parameter_to_column[parameter])
    panel.tblParameters.scrollTo(panel.tblParameters.model().index(row, panel.parameter_to_column[parameter]))
    return widget if isinstance(widget, kind) else widget.findChild(kind)
