"""A fictional province with plans that nearly agree: to learn, to test and to measure on."""

from __future__ import annotations

from .create import create_demo

__all__ = ["create_demo"]
