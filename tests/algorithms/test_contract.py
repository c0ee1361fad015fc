"""The contract: ids, parameters and outputs on which people's models, scripts and batch files rely. Add, never rename."""

from __future__ import annotations

import re

import pytest
from qgis.core import (
    QgsApplication,
    QgsProcessingAlgorithm,
    QgsProcessingModelAlgorithm,
    QgsProcessingOutputBoolean,
    QgsProcessingOutputNumber,
    QgsProcessingParameterDefinition,
)

OPTIONAL = QgsProcessingParameterDefinition.Flag.FlagOptional
COVERAGE_INPUTS = (
    "INPUT KEY_FIELD CODE_FIELD BOUNDARY SCALE WIDTH_TOLERANCE MIN_AREA PLAN TERRITORY PREVIOUS WORKING_CRS LANGUAGE"
)
BORDERS_INPUTS = (
    "INPUT TERRITORY_FIELD KEY_FIELD CODE_FIELD SCALE WIDTH_TOLERANCE SEARCH_WIDTH RULES PREVIOUS WORKING_CRS LANGUAGE"
)
CONFORMITY_INPUTS = (
    "LOWER LOWER_KEY LOWER_CODE UPPER UPPER_KEY UPPER_CODE RULES LOWER_SCALE UPPER_SCALE UPPER_NATURE WIDTH_TOLERANCE"
    " LOWER_LEVEL UPPER_LEVEL LOWER_PLAN UPPER_PLAN TERRITORY PREVIOUS WORKING_CRS LANGUAGE"
    " UPPER_WIDTH UPPER_WIDTH_FIELD UPPER_RADIUS UPPER_RADIUS_FIELD LEAST_REALISED"
)
REGISTER_INPUTS = "REGISTER TERRITORY BOUNDARIES"
SINKS = "FINDINGS MEASURES RUNS"
CHANGES = "NEW_COUNT PERSISTING_COUNT CHANGED_COUNT REOPENED_COUNT RESOLVED_COUNT LAPSED_COUNT"
UNMATCHED = "UNMATCHED_EDGES"
COVERAGE_NUMBERS = (
    "OVERLAP_COUNT OVERLAP_AREA EXCESS_AREA GAP_COUNT GAP_AREA OUTSIDE_COUNT OUTSIDE_AREA NOISE_COUNT NOISE_AREA"
    " INVALID_COUNT DUPLICATE_COUNT BALANCE_RESIDUAL UNMATCHED_EDGE_COUNT UNMATCHED_LENGTH"
)
BORDERS_NUMBERS = (
    "BORDER_COUNT OVERLAP_COUNT OVERLAP_AREA GAP_COUNT GAP_AREA MISMATCH_LENGTH ABRUPT_COUNT NOISE_AREA INVALID_COUNT"
)
CONFORMITY_NUMBERS = (
    "CONFLICT_COUNT CONFLICT_AREA CONDITIONAL_COUNT CONDITIONAL_AREA UNLISTED_COUNT UNLISTED_AREA UNPLANNED_COUNT"
    " UNPLANNED_AREA UNFULFILLED_COUNT UNFULFILLED_AREA DIAGRAM_COUNT UNKNOWN_CODE_COUNT SUPERSEDED_CODE_COUNT"
    " UPPER_OVERLAP_COUNT NOISE_COUNT NOISE_AREA"
)
FROZEN = {
    "checkcoverage": (
        f"{COVERAGE_INPUTS} {SINKS} {UNMATCHED}",
        f"{SINKS} {COVERAGE_NUMBERS} CONFORMS {UNMATCHED} {CHANGES}",
    ),
    "checkborders": (f"{BORDERS_INPUTS} {SINKS}", f"{SINKS} {BORDERS_NUMBERS} CONFORMS {CHANGES}"),
    "checkconformity": (
        f"{CONFORMITY_INPUTS} {SINKS} CROSS_TABLE ZONES",
        f"{SINKS} {CONFORMITY_NUMBERS} CONFORMS CROSS_TABLE ZONES {CHANGES}",
    ),
    "createrules": (
        "LOWER LOWER_CODE UPPER UPPER_CODE RULES PREVIOUS LOWER_SCALE UPPER_SCALE WIDTH_TOLERANCE WORKING_CRS LANGUAGE"
        " OUTPUT",
        "OUTPUT PAIR_COUNT PAIR_AREA UNLISTED_COUNT UNLISTED_AREA PROPOSED_COUNT",
    ),
    "showrules": ("RULES LANGUAGE OUTPUT", "OUTPUT ROW_COUNT REVIEW_COUNT"),
    "writesheet": (
        "FINDINGS PLANS CODE_FIELD KEY_FIELD RULES REDACT_DEFENCE TERRITORY LANGUAGE OUTPUT",
        "OUTPUT PROVINCE SHEET_COUNT FINDING_COUNT DISPUTED_COUNT",
    ),
    "prepareplan": (
        "INPUT FILE CRS TARGET_CRS CODE_FIELD LABEL_MAP POLYGONS_FROM_LINES REPAIR SWAP_AXES ENCODING CODE_GENERATION"
        " CODE_LIST LANGUAGE OUTPUT REPORT PREVIEW LABELS CODES",
        "OUTPUT REPORT PREVIEW LABELS CODES ZONE_COUNT DROPPED_COUNT DECODED_COUNT AREA_COUNT REPAIRED_COUNT"
        " CODED_COUNT UNKNOWN_COUNT SUCCEEDED_COUNT REVIEW_COUNT CHANGED",
    ),
    "diagnosecrs": (
        "INPUT FILE OUTLINE NEIGHBOUR CRS LANGUAGE CANDIDATES PAGE",
        "CANDIDATES PAGE VERDICT BEST_CRS EXPLANATION INSIDE_SHARE BORDER_OFFSET OFF_LENGTH CANDIDATE_COUNT SHIFT_X"
        " SHIFT_Y SHIFT_CONFIDENCE LIES_RIGHT SWAPPED SHIFT_FOUND",
    ),
    "checkprovince": (
        f"{REGISTER_INPUTS} PREVIOUS RULES WIDTH_TOLERANCE EXPECTED DATE OUTSIDE MEMORY WORKING_CRS LANGUAGE OUTPUT",
        "OUTPUT ERROR_COUNT WARNING_COUNT INFO_COUNT PLAN_COUNT CHECK_COUNT NOT_ASSESSED_COUNT UNREADABLE_COUNT"
        " REUSED_COUNT STATUS BOARD CONFORMS",
    ),
    "checkregister": (
        f"{REGISTER_INPUTS} EXPECTED DATE OUTSIDE LANGUAGE FINDINGS",
        "FINDINGS PLAN_COUNT APPROVED_COUNT SUBMITTED_COUNT MISSING_COUNT EXPIRED_COUNT UNAPPROVED_COUNT"
        " UNREADABLE_COUNT BOARD CONFORMS",
    ),
    "checkfigures": (
        "FIGURES LANGUAGE FINDINGS TABLE",
        "FINDINGS TABLE TABLE_COUNT FIGURE_COUNT SUM_COUNT UNTESTED_COUNT CLOSURE_COUNT UNREAD_COUNT CONFORMS",
    ),
    "createregister": ("FOLDER LANGUAGE OUTPUT", "OUTPUT PLAN_COUNT"),
    "comparefindings": (
        "PREVIOUS CURRENT SCALE WIDTH_TOLERANCE LANGUAGE OUTPUT",
        "OUTPUT NEW_COUNT PERSISTING_COUNT CHANGED_COUNT REOPENED_COUNT RESOLVED_COUNT",
    ),
    "comparedrafts": (
        "BEFORE BEFORE_CODE BEFORE_KEY AFTER AFTER_CODE AFTER_KEY ASKED SCALE WIDTH_TOLERANCE WORKING_CRS LANGUAGE"
        " CHANGES TRANSITIONS",
        "CHANGES TRANSITIONS CHANGE_COUNT CHANGE_AREA UNASKED_COUNT UNASKED_AREA ATTRIBUTE_COUNT NOISE_AREA OVERLAP_AREA"
        " BALANCE_RESIDUAL CLOSES",
    ),
    "createdemo": ("FOLDER SEED SIZE LOAD BAD_FILES DRAFTS LANGUAGE", "FOLDER REGISTER"),
    "stylelanduse": ("INPUT CODE_FIELD ALL_CODES LANGUAGE", "OUTPUT"),
}
REQUIRED = {
    "checkcoverage": {"INPUT", "FINDINGS"},
    "checkborders": {"INPUT", "FINDINGS"},
    "checkconformity": {"LOWER", "LOWER_CODE", "UPPER", "UPPER_CODE", "FINDINGS"},
    "createrules": {"LOWER", "LOWER_CODE", "UPPER", "UPPER_CODE", "OUTPUT"},
    "showrules": {"OUTPUT"},
    "writesheet": {"FINDINGS", "REDACT_DEFENCE", "OUTPUT"},
    "prepareplan": {"OUTPUT", "POLYGONS_FROM_LINES", "REPAIR", "SWAP_AXES"},
    "diagnosecrs": {"OUTLINE"},
    "checkprovince": {"REGISTER", "OUTPUT"},
    "checkregister": {"REGISTER", "FINDINGS"},
    "checkfigures": {"FIGURES", "FINDINGS"},
    "createregister": {"OUTPUT"},
    "comparefindings": {"PREVIOUS", "CURRENT", "OUTPUT"},
    "comparedrafts": {"BEFORE", "BEFORE_CODE", "AFTER", "AFTER_CODE", "CHANGES"},
    "createdemo": {"FOLDER", "SEED", "SIZE", "LOAD", "BAD_FILES", "DRAFTS"},
    "stylelanduse": {"INPUT", "CODE_FIELD", "ALL_CODES"},
}
DEFAULTS = {
    "checkcoverage": {"MIN_AREA": 0.0, "WIDTH_TOLERANCE": None, "SCALE": None},
    "checkborders": {"SEARCH_WIDTH": None, "WIDTH_TOLERANCE": None, "SCALE": None, "RULES": None},
    "checkconformity": {"UPPER_NATURE": "map", "LOWER_LEVEL": "district", "UPPER_LEVEL": "provincial"},
    "createrules": {"RULES": None, "PREVIOUS": None, "WIDTH_TOLERANCE": None},
    "showrules": {"RULES": None},
    "writesheet": {"RULES": None, "PLANS": None, "REDACT_DEFENCE": True},
    "prepareplan": {"POLYGONS_FROM_LINES": False, "REPAIR": False, "SWAP_AXES": False, "ENCODING": "detect"},
    "diagnosecrs": {"CRS": None},
    "checkprovince": {"PREVIOUS": None, "TERRITORY": None, "WIDTH_TOLERANCE": None, "OUTSIDE": False},
    "checkregister": {"TERRITORY": None, "OUTSIDE": False},
    "checkfigures": {"FIGURES": None},
    "createregister": {"FOLDER": None},
    "comparefindings": {"WIDTH_TOLERANCE": None, "SCALE": None},
    "comparedrafts": {"WIDTH_TOLERANCE": None, "SCALE": None, "ASKED": None},
    "createdemo": {"SEED": 1, "SIZE": 2000, "LOAD": True, "BAD_FILES": False, "DRAFTS": False},
    "stylelanduse": {"ALL_CODES": False},
}
VIRTUAL = {
    *("canExecute", "createInstance", "displayName", "group", "groupId", "icon", "name", "prepareAlgorithm"),
    *("processAlgorithm", "shortDescription", "shortHelpString", "svgIconPath", "tags", "initAlgorithm", "flags"),
    "checkParameterValues",
}
each = pytest.mark.parametrize("name", sorted(FROZEN))


def algorithm(name: str) -> QgsProcessingAlgorithm:
    found = QgsApplication.processingRegistry().algorithmById(f"planconcord:{name}")
    assert found is not None, f"planconcord:{name} is gone: models and scripts of users call it"
    return found


def test_no_algorithm_is_lost(provider) -> None:
    assert {found.name() for found in provider.algorithms()} >= set(FROZEN)


def test_every_algorithm_is_frozen_here(provider) -> None:
    own = {found.name() for found in provider.algorithms() if not isinstance(found, QgsProcessingModelAlgorithm)}
    assert own == set(FROZEN), "add the new one to FROZEN"


def test_the_models_of_the_resources_are_listed_and_can_run(provider) -> None:
    models = [found for found in provider.algorithms() if isinstance(found, QgsProcessingModelAlgorithm)]
    assert [model.name() for model in models] == ["Check a province, errors apart – Kiểm tra tỉnh, tách lỗi"]
    for model in models:
        assert {"register", "boundaries"} <= {p.name() for p in model.parameterDefinitions()}


@each
def test_no_parameter_or_output_is_renamed_or_lost(name: str) -> None:
    inputs, outputs = FROZEN[name]
    assert [p.name() for p in algorithm(name).parameterDefinitions()] == inputs.split()
    assert [o.name() for o in algorithm(name).outputDefinitions()] == outputs.split()


@each
def test_no_further_parameter_becomes_required(name: str) -> None:
    required = {p.name() for p in algorithm(name).parameterDefinitions() if not p.flags() & OPTIONAL}
    assert required == REQUIRED[name]


@each
def test_the_defaults_stay(name: str) -> None:
    for parameter, default in DEFAULTS[name].items():
        assert algorithm(name).parameterDefinition(parameter).defaultValue() == default


@each
def test_numbers_and_the_verdict_are_typed_so_that_a_model_can_branch(name: str) -> None:
    for output in algorithm(name).outputDefinitions():
        if re.search(r"_(COUNT|AREA|LENGTH|RESIDUAL)$", output.name()):
            assert isinstance(output, QgsProcessingOutputNumber)
        if output.name() == "CONFORMS":
            assert isinstance(output, QgsProcessingOutputBoolean)


@each
def test_ids_are_lower_case_and_names_capitals(name: str) -> None:
    found = algorithm(name)
    assert re.fullmatch(r"[a-z]+", found.name()) and re.fullmatch(r"[a-z]+", found.groupId())
    for definition in (*found.parameterDefinitions(), *found.outputDefinitions()):
        assert re.fullmatch(r"[A-Z_]+", definition.name())


@each
def test_no_method_of_qgis_is_shadowed(name: str) -> None:
    """A method of ours called like one of QGIS's is what scripts and the dialog would call instead of QGIS's own."""
    ours = {m for kind in type(algorithm(name)).__mro__ if "planconcord" in kind.__module__ for m in vars(kind)}
    shadowed = {m for m in ours & set(dir(QgsProcessingAlgorithm)) if not m.startswith("__")}
    assert shadowed <= VIRTUAL


@each
def test_it_runs_in_a_thread_unless_it_changes_a_layer_of_the_project(name: str) -> None:
    if name == "stylelanduse":
        assert algorithm(name).flags() & QgsProcessingAlgorithm.Flag.FlagNoThreading
        return
    assert not algorithm(name).flags() & QgsProcessingAlgorithm.Flag.FlagNoThreading
