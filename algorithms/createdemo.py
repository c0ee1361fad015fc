"""Algorithm ``createdemo``: a fictional province with planted defects, to try the checks and to
learn them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsFillSymbol,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputFile,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
)

from ..engine.catalogue import read_table
from ..qgis_bridge.base import PlanAlgorithm
from ..qgis_bridge.styling import store_style, style_land_use

SMALLEST, LARGEST = 2_000, 1_000_000


class CreateDemo(PlanAlgorithm):
    """Thirteen district plans, a provincial plan map, boundaries, a register, and the truth about
    what is wrong.
    """

    ID = "createdemo"
    GROUP = "learning"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add(QgsProcessingParameterFolderDestination("FOLDER", self.words("FOLDER")))
        whole = QgsProcessingParameterNumber.Type.Integer
        self.add(QgsProcessingParameterNumber("SEED", self.words("SEED"), whole, 1, minValue=0))
        self.add(
            QgsProcessingParameterNumber(
                "SIZE", self.words("SIZE"), whole, SMALLEST, minValue=SMALLEST, maxValue=LARGEST
            )
        )
        self.add(QgsProcessingParameterBoolean("LOAD", self.words("LOAD"), True))
        self.add(QgsProcessingParameterBoolean("BAD_FILES", self.words("BAD_FILES"), False))
        self.add(QgsProcessingParameterBoolean("DRAFTS", self.words("DRAFTS"), False))
        self.add_language()
        self.addOutput(QgsProcessingOutputFile("REGISTER", self.words("REGISTER")))

    def carry_out(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        from ..demo import create_demo
        from ..demo.drafts import make_drafts
        from ..qgis_bridge.feedback import QgisProgress

        language = self.language(parameters, context)
        drafts = self.parameterAsBool(parameters, "DRAFTS", context)
        progress = QgisProgress(feedback)
        register = create_demo(
            Path(self.parameterAsString(parameters, "FOLDER", context)),
            seed=self.parameterAsInt(parameters, "SEED", context),
            size=self.parameterAsInt(parameters, "SIZE", context),
            language=language,
            progress=progress.part(0.0, 0.75 if drafts else 0.95),
            bad_files=self.parameterAsBool(parameters, "BAD_FILES", context),
        )
        if drafts:
            make_drafts(
                register.parent, self.parameterAsInt(parameters, "SEED", context), progress=progress.part(0.75, 0.95)
            )
        load = self.parameterAsBool(parameters, "LOAD", context) and context.project() is not None
        for plan in read_table(register):
            layer = QgsVectorLayer(str(register.parent / plan["source"]), plan["title"], "ogr")
            style_land_use(layer, plan["code_field"], language)
            fault = store_style(layer, plan["plan_id"])
            if fault:
                feedback.pushWarning(fault)
            if load:
                # The titles begin alike and would be cut off alike, in the layers panel and in
                # every choice of a layer.
                self._load(layer, plan["territory"], 1 if plan["level"] == "provincial" else 2, context)
        if load:
            boundaries = QgsVectorLayer(f"{register.parent / 'ranh_gioi.gpkg'}|layername=ranh_gioi_huyen", "", "ogr")
            outline = QgsFillSymbol.createSimple({"style": "no", "outline_color": "#3B2F4A", "outline_width": "0.5"})
            boundaries.setRenderer(QgsSingleSymbolRenderer(outline))
            self._load(boundaries, self.words("boundaries"), 3, context)
        return {"FOLDER": str(register.parent), "REGISTER": str(register)}

    @staticmethod
    def _load(layer: QgsVectorLayer, name: str, height: int, context: QgsProcessingContext) -> None:
        """Have QGIS show ``layer`` when the run is over; a greater ``height`` lies above a smaller
        one.
        """
        context.temporaryLayerStore().addMapLayer(layer)
        details = QgsProcessingContext.LayerDetails(name, context.project(), name)
        details.forceName = True  # else QGIS takes the file's name, unless the file lies in a temporary folder
        details.layerSortKey = height
        context.addLayerToLoadOnCompletion(layer.id(), details)
