"""A QGIS that runs in Vietnamese: words of the toolbox, the dialog, the log, the findings and a refusal."""

from __future__ import annotations

import windows
from map_views import look_at_findings
from person import Person, Step
from qgis.core import QgsApplication

COVERAGE = "Kiểm tra độ phủ của quy hoạch"
CONFORMITY = "Kiểm tra phù hợp với quy hoạch cấp trên"


def toolbox(person: Person) -> Step:
    """The provider, its groups and algorithms."""
    yield from windows.open_toolbox(person)
    found = yield from windows.search(person, "quy hoạch")
    person.shot("toolbox")
    return {"locale": QgsApplication.locale(), "found": found, "log": person.message_log()}


def coverage(person: Person) -> Step:
    """checkcoverage, as in English."""
    yield from windows.open_layers(person, "upper", "boundary", "plan")
    opened = yield from windows.open_algorithm(person, COVERAGE)
    told = {"title": opened.windowTitle(), "help": windows.help_of(opened)}
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
    """Legend, labels and map tip."""
    layer = windows.result_layer(person.report["steps"]["coverage"]["seen"])
    seen = yield from look_at_findings(person, "coverage", layer)
    return {**seen, "layer": layer.name(), "fields": [field.alias() for field in layer.fields()]}


def conformity(person: Person) -> Step:
    """checkconformity, first refused because a field of numbers is no code, then as it should be."""
    opened = yield from windows.open_algorithm(person, CONFORMITY)
    yield from windows.choose(person, opened, "LOWER", "plan")
    yield from windows.choose(person, opened, "LOWER_CODE", "code")
    yield from windows.choose(person, opened, "UPPER", "upper")
    yield from windows.choose(person, opened, "UPPER_CODE", "zone_code")
    yield from windows.fill_text(person, opened, "RULES", "/không có/verdicts.csv")
    person.shot("conformity parameters")
    refused = yield from windows.run(person, opened)
    person.shot("refusal")
    yield from windows.back_to_parameters(person, opened)
    yield from windows.fill_text(person, opened, "RULES", "")
    told = yield from windows.run(person, opened)
    person.shot("conformity log")
    yield from windows.close(person, opened)
    return {**told, "refused": refused}


def conformity_on_the_map(person: Person) -> Step:
    """The verdicts in Vietnamese."""
    layer = windows.result_layer(person.report["steps"]["conformity"]["seen"])
    return (yield from look_at_findings(person, "conformity", layer))


STEPS = [toolbox, coverage, coverage_on_the_map, conformity, conformity_on_the_map]
