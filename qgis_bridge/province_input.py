"""What the algorithms on a register share: its parameters, and options built from them."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFile,
    QgsProcessingParameterString,
)

from ..engine.catalogue import text
from .base import PlanAlgorithm, user_language
from .libraries import missing_for


class RegisterAlgorithm(PlanAlgorithm):
    """An algorithm that reads a register; words that it lacks are those of checkprovince."""

    GROUP = "province"

    def words(self, key: str, **values: object) -> str:
        """Return a text of this algorithm, of checkprovince, or the one that all share."""
        try:
            return super().words(key, **values)
        except KeyError:
            return text(f"checkprovince.{key}", user_language(), **values)

    def add_file(self, name: str, optional: bool = True, advanced: bool = False) -> None:
        """A file, with a filter of its own."""
        filters = self.words(f"{name}.filter")
        self.add(QgsProcessingParameterFile(name, self.words(name), optional=optional, fileFilter=filters), advanced)

    def add_register(self) -> None:
        """The register and which part of it."""
        self.add_file("REGISTER", optional=False)
        self.add(QgsProcessingParameterString("TERRITORY", self.words("TERRITORY"), optional=True))
        self.add_file("BOUNDARIES")

    def add_register_options(self) -> None:
        """What is seldom needed."""
        filters = self.words("REGISTER.filter")
        expected = QgsProcessingParameterFile("EXPECTED", self.words("EXPECTED"), optional=True, fileFilter=filters)
        self.add(expected, advanced=True)
        self.add_text("DATE")
        self.add(QgsProcessingParameterBoolean("OUTSIDE", self.words("OUTSIDE"), False, optional=True), advanced=True)

    def register_options(self, parameters: dict[str, Any], context: QgsProcessingContext, **more: Any) -> Any:
        """ProvinceOptions out of the parameters above."""
        from ..engine.province.options import options_of

        self.require_openpyxl(*(self.parameterAsString(parameters, name, context) for name in ("REGISTER", "EXPECTED")))
        given = (
            self.parameterAsString(parameters, name, context)
            for name in ("TERRITORY", "BOUNDARIES", "EXPECTED", "DATE")
        )
        return options_of(*given, **more)

    def require_openpyxl(self, *paths: str) -> None:
        """Before the work begins: a workbook is to be read or written, and openpyxl is not
        there.
        """
        if any(path.split("|")[0].lower().endswith((".xlsx", ".xlsm")) for path in paths):
            sentence = missing_for("openpyxl")
            if sentence:
                raise QgsProcessingException(sentence)
