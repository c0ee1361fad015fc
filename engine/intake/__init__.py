"""Files become plan layers; the only place of the engine that reads spatial files."""
