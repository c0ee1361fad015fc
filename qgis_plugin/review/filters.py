"""The filters above the list: text, rule, severity, status, territory, the map's window, area, width, what became of them since the last run; and the order.

Gives a Filter (engine/store/listing.py) without the window, which only the dock knows. ``changed`` comes a moment after the last
change, so that typing does not filter at every letter.
"""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QKeyEvent
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...engine.catalogue import SEVERITIES, number, text
from ...engine.store.decisions import STATUSES
from ...engine.store.listing import CHANGES, GROUPS, HANDLED, LAPSED, SORTS, Filter, Listing
from . import words

WAIT_MS = 180
_Counts = Sequence[tuple[str, int]]


class FilterPanel(QWidget):
    """The widgets; ``wanted`` is what they say."""

    changed = pyqtSignal()
    left = pyqtSignal(bool)

    def __init__(self, language: str):
        super().__init__()
        self._language = language
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(WAIT_MS)
        self._wait.timeout.connect(self.changed)
        self.search = QLineEdit()
        self.search.setObjectName("planconcordReviewSearch")
        self.search.setPlaceholderText(self._words("search"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self.changed_later)
        self.severity, self.rule, self.status, self.territory = (
            self._choice(name) for name in ("severity", "rule", "status", "territory")
        )
        self.group, self.sort = self._choice("group"), self._choice("sort")
        self.change = self._choice("change")
        self.here = self._tick("here")
        self.limits = {name: self._limit(name) for name in ("area_from", "area_to", "width_from", "width_to")}
        self.descending = self._tick("descending")
        self._more = QToolButton()
        self._more.setObjectName("planconcordReviewMore")
        self._more.setText(self._words("more"))
        self._more.setCheckable(True)
        self.reset = QToolButton()
        self.reset.setObjectName("planconcordReviewReset")
        self.reset.setText(self._words("reset"))
        self.reset.clicked.connect(self.clear)
        self._arrange()
        self._fill_fixed()

    def _words(self, key: str, **values: object) -> str:
        return text(f"review.{key}", self._language, **values)

    # making

    def _choice(self, name: str) -> QComboBox:
        box = QComboBox()
        box.setObjectName(f"planconcordReview_{name}")
        box.setToolTip(self._words(f"filter_{name}"))
        box.setAccessibleName(self._words(f"filter_{name}"))
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(8)
        box.currentIndexChanged.connect(self.changed_later)
        return box

    def _tick(self, name: str) -> QCheckBox:
        box = QCheckBox(self._words(name))
        box.setObjectName(f"planconcordReview_{name}")
        box.setToolTip(self._words(f"{name}_tip"))
        box.toggled.connect(self.changed_later)
        return box

    def _limit(self, name: str) -> QLineEdit:
        field = QLineEdit()
        field.setObjectName(f"planconcordReview_{name}")
        field.setPlaceholderText(self._words("from" if name.endswith("from") else "to"))
        field.setAccessibleName(self._words(f"filter_{name}"))
        field.setToolTip(self._words(f"filter_{name}"))
        field.textChanged.connect(self.changed_later)
        return field

    def _arrange(self) -> None:
        first = QHBoxLayout()
        for widget, stretch in ((self.search, 1), (self._more, 0), (self.reset, 0)):
            first.addWidget(widget, stretch)
        grid = QGridLayout()
        for place, widget in enumerate((self.severity, self.rule, self.status, self.territory)):
            grid.addWidget(widget, 0, place)
        grid.addWidget(self._labelled("group", self.group), 1, 0, 1, 2)
        grid.addWidget(self._labelled("sort", self.sort), 1, 2, 1, 2)
        self._since = self._labelled("change", self.change)
        self._since.setVisible(False)
        grid.addWidget(self._since, 2, 0, 1, 4)
        more = QWidget()
        lines = QGridLayout(more)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.addWidget(self.here, 0, 0, 1, 4)
        lines.addWidget(self.descending, 3, 0, 1, 4)
        for row, name in ((1, "area"), (2, "width")):
            lines.addWidget(QLabel(self._words(f"filter_{name}")), row, 0)
            lines.addWidget(self.limits[f"{name}_from"], row, 1)
            lines.addWidget(self.limits[f"{name}_to"], row, 2)
        more.setVisible(False)
        self._more.toggled.connect(more.setVisible)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(first)
        column.addLayout(grid)
        column.addWidget(more)
        order: list[QWidget] = [
            self.search,
            self.severity,
            self.rule,
            self.status,
            self.territory,
            self.group,
            self.sort,
            self.change,
        ]
        order += [self._more, self.here, *self.limits.values(), self.descending, self.reset]
        for before, after in zip(order, order[1:]):
            QWidget.setTabOrder(before, after)

    def _labelled(self, name: str, widget: QWidget) -> QWidget:
        both = QWidget()
        line = QHBoxLayout(both)
        line.setContentsMargins(0, 0, 0, 0)
        label = QLabel(self._words(f"filter_{name}"))
        label.setBuddy(widget)
        line.addWidget(label)
        line.addWidget(widget, 1)
        return both

    def _fill_fixed(self) -> None:
        _fill(
            self.severity,
            [
                ("", self._words("any_severity")),
                *((one, words.severity_word(one, self._language)) for one in SEVERITIES),
            ],
        )
        statuses = [(one, words.status_word(one, self._language)) for one in STATUSES]
        _fill(self.status, [("", self._words("any_status")), (HANDLED, self._words("handled")), *statuses])
        _fill(self.group, [(one, self._words(f"group_{one}")) for one in GROUPS])
        _fill(self.sort, [("", self._words("sort_worst")), *((one, self._words(f"sort_{one}")) for one in SORTS)])
        self._fill_choices([], [], [])

    def _fill_choices(self, rules: _Counts, territories: _Counts, changes: _Counts) -> None:
        named = [(code, words.rule_title(code, self._language), count) for code, count in rules]
        _fill(
            self.rule,
            [("", self._words("any_rule")), *((code, self._counted(name, count)) for code, name, count in named)],
        )
        places = [(name, self._counted(name or self._words("no_territory"), count)) for name, count in territories]
        _fill(self.territory, [(None, self._words("any_territory")), *places])
        fates = [(code, self._counted(words.change_word(code, self._language), count)) for code, count in changes]
        _fill(self.change, [("", self._words("any_change")), *fates])

    def _counted(self, name: str, count: int) -> str:
        return f"{name} ({number(count, 0, self._language)})"

    # using

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape leads back to the list, Enter to the first finding that fits; ``left`` says whether it was Enter."""
        entered = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if entered or event.key() == Qt.Key.Key_Escape:
            self.apply_now()
            self.left.emit(entered)
        else:
            super().keyPressEvent(event)

    def offer(self, listing: Listing) -> None:
        """The rules and territories of a store, keeping what was chosen where it is still there."""
        self._fill_choices(listing.choices("rule"), listing.choices("territory"), self._changes(listing))
        self._since.setVisible(listing.layout.changes)

    @staticmethod
    def _changes(listing: Listing) -> _Counts:
        """What became of findings since the last run, in the order of CHANGES, and how many waivers it let lapse."""
        found = dict(listing.choices("change"))
        lapsed = listing.lapsed()
        return [(one, found[one]) for one in CHANGES if one in found] + ([(LAPSED, lapsed)] if lapsed else [])

    def show_change(self, change: str) -> None:
        """Show what became so since the last run, and nothing else."""
        self.clear()
        self.change.setCurrentIndex(max(self.change.findData(change), 0))

    def clear(self) -> None:
        """Show everything again; the order stays."""
        self.search.clear()
        for box in (self.severity, self.rule, self.status, self.territory, self.change):
            box.setCurrentIndex(0)
        self.here.setChecked(False)
        for field in self.limits.values():
            field.clear()
        self.changed_later()

    def changed_later(self, *_: object) -> None:
        """Have the list filtered in a moment."""
        self._wait.start()

    def apply_now(self) -> None:
        """Have the list filtered now, if it is to be."""
        if self._wait.isActive():
            self._wait.stop()
            self.changed.emit()

    def drop_wait(self) -> None:
        """Nothing is to be filtered later: it is done now."""
        self._wait.stop()

    def wanted(self) -> Filter:
        """What the widgets say; the window of the map is not theirs to know."""
        limits = {name: _number(field.text()) for name, field in self.limits.items()}
        return Filter(
            text=self.search.text().strip(),
            rule=self.rule.currentData() or "",
            severity=self.severity.currentData() or "",
            status=self.status.currentData() or "",
            territory=self.territory.currentData(),
            area_from_m2=limits["area_from"],
            area_to_m2=limits["area_to"],
            width_from_m=limits["width_from"],
            width_to_m=limits["width_to"],
            change=self.change.currentData() or "",
        )

    def order(self) -> tuple[str, str, bool]:
        """(group, sort, descending)."""
        return self.group.currentData(), self.sort.currentData(), self.descending.isChecked()

    def sort_by(self, name: str) -> None:
        """Sort by a column; the other way round when it is the one already."""
        again = self.sort.currentData() == name
        self.descending.setChecked(not self.descending.isChecked() if again else name in ("area", "width"))
        self.sort.setCurrentIndex(self.sort.findData(name))


def _fill(box: QComboBox, choices: Sequence[tuple[str | None, str]]) -> None:
    chosen = box.currentData() if box.count() else choices[0][0]
    box.blockSignals(True)
    box.clear()
    for value, shown in choices:
        box.addItem(shown, value)
    values = [value for value, _ in choices]
    box.setCurrentIndex(values.index(chosen) if chosen in values else 0)
    box.blockSignals(False)


def _number(given: str) -> float | None:
    """A number with a comma or a point; what is none yet is no limit yet."""
    try:
        return float(given.strip().replace(" ", "").replace(",", "."))
    except ValueError:
        return None
