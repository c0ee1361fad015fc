"""The main job as a person does it, in an English QGIS: toolbox, dialog, findings on the map, cancel, batch, plugin off and on."""

from __future__ import annotations

import windows
from map_views import look_at_findings
from person import Person, Step, dialog
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QSize, Qt
from qgis.utils import iface
from step_background import dialog_closed_in_the_middle
from step_batch import batch_of_two
from step_cancel import cancel_a_long_run
from step_plugin import plugin_off_and_on


def toolbox(person: Person) -> Step:
    """What a person sees at first: nothing to worry about, and the provider in the toolbox."""
    yield from windows.open_toolbox(person)
    tree = windows.tree_of(person)
    paths = [path for path, _ in windows.entries(tree)]
    provider = next(index for path, index in windows.entries(tree) if path == "Plan Concord")
    tree.setExpanded(provider, True)
    for row in range(tree.model().rowCount(provider)):
        tree.setExpanded(tree.model().index(row, 0, provider), True)
    tree.scrollTo(provider)
    yield 0.3
    person.shot("toolbox")
    return {
        "paths": paths,
        "bar": [item.text() for item in iface.messageBar().items()],
        "log": person.message_log(),
        "icon_px": provider.data(Qt.ItemDataRole.DecorationRole).actualSize(QSize(16, 16)).width(),
        "processing": [provider.id() for provider in QgsApplication.processingRegistry().providers()],
    }


def searches(person: Person) -> Step:
    """The words a planner would type."""
    found = {}
    for words in ("overlap", "chồng lấn", "conflict", "mâu thuẫn", "planconcord"):
        found[words] = yield from windows.search(person, words)
        if words == "chồng lấn":
            person.shot("toolbox search")
    return found


def coverage(person: Person) -> Step:
    """checkcoverage from the toolbox to the findings on the map."""
    yield from windows.open_layers(person, "upper", "boundary", "plan")
    opened = yield from windows.open_algorithm(person, "Check coverage of a plan")
    person.shot("coverage dialog")
    told = {"title": opened.windowTitle(), "help": windows.help_of(opened), "run": opened.runButton().text()}
    yield from windows.choose(person, opened, "INPUT", "plan")
    yield from windows.choose(person, opened, "KEY_FIELD", "zone")
    yield from windows.choose(person, opened, "CODE_FIELD", "code")
    yield from windows.choose(person, opened, "BOUNDARY", "boundary")
    yield from windows.enter_number(person, opened, "SCALE", "10000")
    person.shot("coverage parameters")
    told.update((yield from windows.run(person, opened)))
    person.shot("coverage log")
    yield from windows.close(person, opened)
    return told


def coverage_on_the_map(person: Person) -> Step:
    """What the findings of checkcoverage look like."""
    layer = windows.result_layer(person.report["steps"]["coverage"]["seen"])
    return (yield from look_at_findings(person, "coverage", layer))


def conformity(person: Person) -> Step:
    """checkconformity likewise."""
    opened = yield from windows.open_algorithm(person, "Check conformity with the upper plan")
    told = {"title": opened.windowTitle(), "help": windows.help_of(opened)}
    yield from windows.choose(person, opened, "LOWER", "plan")
    yield from windows.choose(person, opened, "LOWER_KEY", "zone")
    yield from windows.choose(person, opened, "LOWER_CODE", "code")
    yield from windows.choose(person, opened, "UPPER", "upper")
    yield from windows.choose(person, opened, "UPPER_KEY", "area")
    yield from windows.choose(person, opened, "UPPER_CODE", "zone_code")
    yield from windows.enter_number(person, opened, "LOWER_SCALE", "10000")
    yield from windows.enter_number(person, opened, "UPPER_SCALE", "50000")
    person.shot("conformity parameters")
    yield from windows.show_advanced(person, opened)
    person.shot("conformity advanced")
    told.update((yield from windows.run(person, opened)))
    person.shot("conformity log")
    yield from windows.close(person, opened)
    return told


def conformity_on_the_map(person: Person) -> Step:
    """What the findings of checkconformity look like."""
    layer = windows.result_layer(person.report["steps"]["conformity"]["seen"])
    return (yield from look_at_findings(person, "conformity", layer))


def nothing_was_complained_about(person: Person) -> Step:
    """The message log at the end of the session."""
    yield 0.1
    return {"log": person.message_log(), "open": dialog("AlgorithmDialog") is not None}


STEPS = [
    toolbox,
    searches,
    coverage,
    coverage_on_the_map,
    conformity,
    conformity_on_the_map,
    cancel_a_long_run,
    batch_of_two,
    dialog_closed_in_the_middle,
    plugin_off_and_on,
    nothing_was_complained_about,
]
