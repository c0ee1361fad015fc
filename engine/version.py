"""The version of Plan Concord, for everyone who records what produced a result."""

__version__ = "0.1.0"
