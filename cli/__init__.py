"""The command line, beside the algorithms: the same names, parameters and defaults."""
