"""How results look when they load: the style of findings and of land use, put on a layer, or handed
to QGIS for later.

``style_findings`` and ``style_land_use`` style a QgsVectorLayer at once and raise PlanError when it
lacks the fields. ``FindingsStyle.create`` and ``VerdictStyle.create`` give post-processors, which
QGIS calls in its main thread when an algorithm's result is loaded; these warn instead of raising.
QGIS keeps no reference to a post-processor's Python half, so they are kept here until QGIS deletes
them with the context of the run; hence each layer gets one of its own.
"""

from __future__ import annotations

from qgis.core import (
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsVectorLayer,
)
from qgis.PyQt import sip

from ..engine.catalogue import text
from ..engine.errors import PlanError
from .styling_findings import style_findings_layer
from .styling_land_use import style_land_classes_layer, style_land_use_layer
from .styling_legend import list_what_is_there
from .styling_verdicts import style_verdicts_layer

_kept: list[ResultStyle] = []


def style_findings(layer: QgsVectorLayer, language: str) -> None:
    """Colours, markers, labels, map tip and field names of a findings layer, in ``language`` ("vi"
    or "en").
    """
    style_findings_layer(layer, language)


def style_land_use(layer: QgsVectorLayer, code_field: str, language: str, all_codes: bool = False) -> None:
    """The land-use colours of a plan layer, with the codes it holds or with ``all_codes`` of the
    tables.
    """
    style_land_use_layer(layer, code_field, language, all_codes)


def style_land_classes(layer: QgsVectorLayer, code_field: str, language: str) -> None:
    """The muted land-use classes of an overview map."""
    style_land_classes_layer(layer, code_field, language)


def store_style(layer: QgsVectorLayer, name: str) -> str:
    """Keep the layer's style inside its GeoPackage as the default one; "" or what went wrong."""
    outcome = layer.saveStyleToDatabase(name, "", True, "")
    return (
        outcome if isinstance(outcome, str) else "; ".join(part for part in outcome if isinstance(part, str) and part)
    )


class ResultStyle(QgsProcessingLayerPostProcessorInterface):
    """A style that waits for its layer to load."""

    def __init__(self, *arguments: str):
        super().__init__()
        self._arguments = arguments

    @classmethod
    def create(cls, *arguments: str) -> ResultStyle:
        """Return a post-processor for one layer, kept alive for as long as QGIS has it."""
        _kept[:] = [style for style in _kept if not sip.isdeleted(style)]
        made = cls(*arguments)
        _kept.append(made)
        return made

    def postProcessLayer(
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        """Called by QGIS when the result is loaded."""
        if not isinstance(layer, QgsVectorLayer):
            return
        try:
            self._style(layer, context)
        except PlanError as error:
            language = self._arguments[-1]
            feedback.pushWarning(text("style.failed", language, reason=error.text(language)))

    def _style(self, layer: QgsVectorLayer, context: QgsProcessingContext) -> None:
        raise NotImplementedError


class FindingsStyle(ResultStyle):
    """``FindingsStyle.create(language)``: the style of findings for a layer that QGIS is going to
    load.
    """

    def _style(self, layer: QgsVectorLayer, context: QgsProcessingContext) -> None:
        style_findings(layer, *self._arguments)
        if context.project() is not None:
            list_what_is_there(layer, context.project())


class VerdictStyle(ResultStyle):
    """``VerdictStyle.create(language)``: the colours of verdicts for a layer of zones that QGIS is
    going to load.
    """

    def _style(self, layer: QgsVectorLayer, context: QgsProcessingContext) -> None:
        style_verdicts_layer(layer, *self._arguments)
