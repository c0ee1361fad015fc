"""A Processing script that checks the coverage of every layer in a folder, one after the other in one QGIS.

qgis_process has no batch of its own, but it runs a script: `qgis_process run check_folder.py -- FOLDER=… RESULTS=…`. A layer
that cannot be checked is named in REFUSED and does not stop the others.
"""

from pathlib import Path

import processing
from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterFile,
    QgsProcessingParameterFolderDestination,
)


class CheckFolder(QgsProcessingAlgorithm):
    def createInstance(self):
        return CheckFolder()

    def name(self):
        return "checkfolder"

    def displayName(self):
        return "Check a folder"

    def initAlgorithm(self, configuration=None):
        folder = QgsProcessingParameterFile.Behavior.Folder
        self.addParameter(QgsProcessingParameterFile("FOLDER", "Folder of plans", behavior=folder))
        self.addParameter(QgsProcessingParameterFolderDestination("RESULTS", "Folder for the findings"))
        self.addOutput(QgsProcessingOutputNumber("CHECKED", "Plans checked"))
        self.addOutput(QgsProcessingOutputString("DEFECTIVE", "Plans with defects"))
        self.addOutput(QgsProcessingOutputString("REFUSED", "Plans that could not be checked"))

    def processAlgorithm(self, parameters, context, feedback):
        results = Path(self.parameterAsString(parameters, "RESULTS", context))
        checked, defective, refused = 0, [], []
        for plan in sorted(Path(self.parameterAsString(parameters, "FOLDER", context)).glob("*.geojson")):
            given = {"INPUT": str(plan), "FINDINGS": str(results / f"{plan.stem}.gpkg")}
            try:
                found = processing.run("planconcord:checkcoverage", given, context=context, feedback=feedback)
            except QgsProcessingException as error:
                feedback.pushWarning(str(error))
                refused.append(plan.stem)
                continue
            checked += 1
            if not found["CONFORMS"]:
                defective.append(plan.stem)
        return {
            "RESULTS": str(results),
            "CHECKED": checked,
            "DEFECTIVE": ";".join(defective),
            "REFUSED": ";".join(refused),
        }
