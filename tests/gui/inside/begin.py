"""What QGIS runs at its start in the GUI tests (--code): the session named by the environment, then QGIS ends by its own menu.

PLANCONCORD_GUI is a JSON object: here (this folder), session (a module beside this file with STEPS), folder (for report.json
and pictures), limit_s, and what the session needs beside.
"""

import importlib
import json
import os
import sys
from pathlib import Path

from qgis.PyQt.QtCore import QTimer
from qgis.utils import iface

brief = json.loads(os.environ["PLANCONCORD_GUI"])
sys.dont_write_bytecode = True
sys.path.insert(0, brief["here"])
Person = importlib.import_module("person").Person
steps = importlib.import_module(brief["session"]).STEPS
person = Person(iface.mainWindow(), Path(brief["folder"]), brief)
# QGIS runs this before its window has settled; a person begins when it has.
QTimer.singleShot(500, lambda: person.live(steps))
