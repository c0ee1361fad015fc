"""What all algorithms of Plan Concord have in common: words from the catalogue, the library guard,
errors in the user's language, and the parameters and outputs that several of them share.

An algorithm overrides ``carry_out``; whatever PlanError it raises becomes the message of the
dialog, and a cancel ends it without a result and without touching the old files.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputBoolean,
    QgsProcessingOutputNumber,
    QgsProcessingParameterCrs,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)
from qgis.PyQt.QtGui import QIcon

from ..engine.catalogue import LANGUAGES, RESOURCES, language_of, text
from ..engine.names import without_accents
from ..engine.store.place import Place
from .libraries import missing
from .running import note_fault, noted
from .threads import keep_thread_state

ICONS = RESOURCES / "icons"
CHANGE_NUMBERS = tuple(
    (f"{name.upper()}_COUNT", f"{name}_count")
    for name in ("new", "persisting", "changed", "reopened", "resolved", "lapsed")
)


def user_language() -> str:
    """Return the language that QGIS runs in: "vi" or "en"."""
    return language_of(QgsApplication.locale())


class PlanAlgorithm(QgsProcessingAlgorithm):
    """One Processing algorithm; ``ID`` is frozen, ``OUTPUT_NUMBERS`` are (name of the output, name
    of the measure).
    """

    ID = ""
    GROUP = "checks"
    OUTPUT_NUMBERS: Sequence[tuple[str, str]] = ()

    def createInstance(self) -> PlanAlgorithm:
        return type(self)()

    def name(self) -> str:
        return self.ID

    def displayName(self) -> str:
        return self.words("name")

    def group(self) -> str:
        return text(f"group.{self.GROUP}", user_language())

    def groupId(self) -> str:
        return self.GROUP

    def tags(self) -> list[str]:
        tags = [tag.strip() for language in LANGUAGES for tag in text(f"{self.ID}.tags", language).split(",")]
        # People search without accents; QGIS compares letter by letter.
        return list(dict.fromkeys([*tags, *map(without_accents, tags)]))

    def shortDescription(self) -> str:
        return self.words("short")

    def icon(self) -> QIcon:
        return QIcon(str(ICONS / "planconcord.svg"))

    def svgIconPath(self) -> str:
        return str(ICONS / "planconcord.svg")

    def shortHelpString(self) -> str:
        """Return the help panel: what the algorithm answers, each parameter, each output."""
        parts = [f"<p>{html.escape(paragraph, quote=False)}</p>" for paragraph in self.words("help").split("\n")]
        parts.append(f"<h3>{text('help.parameters', user_language())}</h3>")
        outputs = {output.name() for output in self.outputDefinitions()}
        entries = [(p.description(), p.help()) for p in self.parameterDefinitions() if p.name() not in outputs]
        parts += [
            f"<p><b>{html.escape(name, quote=False)}</b><br>{html.escape(words, quote=False)}</p>"
            for name, words in entries
        ]
        parts.append(f"<h3>{text('help.outputs', user_language())}</h3>")
        for output in self.outputDefinitions():
            words = html.escape(self.output_help(output.name()), quote=False)
            parts.append(f"<p><b>{output.name()}</b> {html.escape(output.description(), quote=False)}<br>{words}</p>")
        return "".join(parts)

    def output_help(self, name: str) -> str:
        """Return what an output means."""
        return self.words(f"{name}.help")

    def words(self, key: str, **values: object) -> str:
        """Return a text of this algorithm, or the one that all share under that key."""
        language = user_language()
        try:
            return text(f"{self.ID}.{key}", language, **values)
        except KeyError:
            return text(f"shared.{key}", language, **values)

    # parameters

    def add(self, parameter: QgsProcessingParameterDefinition, advanced: bool = False) -> None:
        """Add a parameter with the help of the catalogue."""
        parameter.setHelp(self.words(f"{parameter.name()}.help"))
        if advanced:
            parameter.setFlags(parameter.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
        self.addParameter(parameter)

    def add_polygons(self, name: str, optional: bool = False) -> None:
        """A polygon layer."""
        types = [QgsProcessing.SourceType.TypeVectorPolygon]
        self.add(QgsProcessingParameterFeatureSource(name, self.words(name), types, optional=optional))

    def add_field(self, name: str, layer: str, optional: bool = True) -> None:
        """A field of ``layer``."""
        self.add(QgsProcessingParameterField(name, self.words(name), parentLayerParameterName=layer, optional=optional))

    def add_number(self, name: str, default: float | None = None, least: float = 0.0, advanced: bool = False) -> None:
        """An optional number."""
        real = QgsProcessingParameterNumber.Type.Double
        number = QgsProcessingParameterNumber(name, self.words(name), real, default, optional=True, minValue=least)
        # A scale, which is 1 at least, is a whole number: 10000, not 10000.000.
        number.setMetadata({"widget_wrapper": {"decimals": 0 if least >= 1 else 3}})
        self.add(number, advanced)

    def add_text(self, name: str) -> None:
        """An optional text under "advanced"."""
        self.add(QgsProcessingParameterString(name, self.words(name), optional=True), advanced=True)

    def add_choice(self, name: str, choices: Sequence[str], default: str | None) -> None:
        """One of ``choices``, passed and stored as the word itself."""
        parameter = QgsProcessingParameterEnum(
            name, self.words(name), list(choices), False, default, optional=True, usesStaticStrings=True
        )
        self.add(parameter, advanced=True)

    def add_previous(self) -> None:
        """The findings of the last draft, whose ids, statuses and decisions persist."""
        filters = text("shared.PREVIOUS.filter", user_language())
        previous = QgsProcessingParameterFile("PREVIOUS", self.words("PREVIOUS"), optional=True, fileFilter=filters)
        self.add(previous, advanced=True)

    def add_change_outputs(self) -> None:
        """How many findings are new, persist, and so on; only where PREVIOUS is set."""
        for name, _ in CHANGE_NUMBERS:
            self.addOutput(QgsProcessingOutputNumber(name, self.words(name)))

    def add_working_crs(self) -> None:
        """The CRS to measure in; empty means the province's."""
        self.add(QgsProcessingParameterCrs("WORKING_CRS", self.words("WORKING_CRS"), optional=True), advanced=True)
        self.add_language()

    def add_language(self) -> None:
        """The language of the messages; empty means the user's."""
        self.add_choice("LANGUAGE", LANGUAGES, None)

    def add_findings_outputs(self) -> None:
        """The findings layer, the two tables beside it, the numbers and the verdict."""
        polygons = QgsProcessing.SourceType.TypeVectorPolygon
        table = QgsProcessing.SourceType.TypeVector
        self.add(QgsProcessingParameterFeatureSink("FINDINGS", self.words("FINDINGS"), polygons))
        for name in ("MEASURES", "RUNS"):
            sink = QgsProcessingParameterFeatureSink(name, self.words(name), table, None, True)
            sink.setCreateByDefault(False)
            self.add(sink, advanced=True)
        for name, _ in self.OUTPUT_NUMBERS:
            self.addOutput(QgsProcessingOutputNumber(name, self.words(name)))
        self.addOutput(QgsProcessingOutputBoolean("CONFORMS", self.words("CONFORMS")))

    # running

    def canExecute(self) -> tuple[bool, str]:
        sentence = missing()
        return not sentence, sentence

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        sentence = missing() or self._linked(parameters, context)
        if sentence:
            raise QgsProcessingException(sentence)
        return True

    def checkParameterValues(self, parameters: dict[str, Any], context: QgsProcessingContext) -> tuple[bool, str]:
        sentence = "" if missing() else self._linked(parameters, context)  # before QGIS opens anything
        return (False, sentence) if sentence else super().checkParameterValues(parameters, context)

    def _linked(self, parameters: dict[str, Any], context: QgsProcessingContext) -> str:
        from ..engine.errors import PlanError
        from .links import refuse_links

        try:
            refuse_links(self, parameters, context)
        except PlanError as error:
            return error.text(user_language())
        return ""

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        keep_thread_state()
        from ..engine.errors import PlanError
        from ..engine.faults import told_faults
        from ..engine.progress import Cancelled
        from .destinations import refuse_lost_inputs

        try:
            with noted(feedback), told_faults(self.displayName(), QgsProcessingException):
                refuse_lost_inputs(self, parameters, context, self.output_kinds())
                return self.carry_out(parameters, context, feedback)
        except PlanError as error:
            note_fault(error)
            sentence = error.text(self.language(parameters, context))
        except QgsProcessingException as error:
            sentence = str(error)
        except Cancelled:
            feedback.pushInfo(self.words("cancelled"))
            return {}
        except KeyboardInterrupt:
            sentence = self.words("cancelled")
        # QGIS never lets go of an exception: on its traceback all layers would stay in memory until
        # QGIS is closed.
        del parameters, context, feedback
        raise QgsProcessingException(sentence)

    def carry_out(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Return the algorithm itself; may raise PlanError and Cancelled. (``run`` is QGIS's own,
        and scripts call it.)
        """
        raise AssertionError(f"{type(self).__name__} has no carry_out()")

    def output_kinds(self) -> dict[str, Any]:
        """Return the engine's Kind of each output that is a file, by its parameter: what of its
        name may be replaced.
        """
        return {}

    # values

    def language(self, parameters: dict[str, Any], context: QgsProcessingContext) -> str:
        """Return the language of the messages: the parameter's, else the user's."""
        chosen = ""
        if self.parameterDefinition("LANGUAGE") is not None:
            chosen = self.parameterAsEnumString(parameters, "LANGUAGE", context)
        return chosen if chosen in LANGUAGES else user_language()

    def number(self, parameters: dict[str, Any], name: str, context: QgsProcessingContext) -> float | None:
        """Return a number, or None where none is set; zero is zero.

        Read as text, because QGIS takes an optional number that it cannot read, such as "12,5", for
        0 without a word.
        """
        from ..engine.errors import PlanError

        given = self.parameterAsString(parameters, name, context).strip()
        try:
            return float(given) if given else None
        except ValueError as error:
            raise PlanError("error.number", name=name, given=given) from error

    def working_crs(self, parameters: dict[str, Any], context: QgsProcessingContext) -> Any:
        """Return the CRS of WORKING_CRS as pyproj has it, None where none was given.

        PlanError for one that QGIS does not know.
        """
        from ..engine.errors import PlanError
        from .source import to_pyproj

        found = self.parameterAsCrs(parameters, "WORKING_CRS", context)
        given = self.parameterAsString(parameters, "WORKING_CRS", context).strip()
        if not found.isValid() and given:
            raise PlanError("error.working_crs_unknown", given=given)
        return to_pyproj(found)

    def store(self, parameters: dict[str, Any], name: str, context: QgsProcessingContext) -> Place | None:
        """Return a findings store, a file or one in a database; None where none is set."""
        from .stores import store_of_text

        given = self.parameterAsString(parameters, name, context)
        return store_of_text(given) if given else None

    def file(self, parameters: dict[str, Any], name: str, context: QgsProcessingContext) -> Path | None:
        """Return a path, or None where none is set."""
        given = self.parameterAsString(parameters, name, context)
        return Path(given) if given else None
