# Two commands from a fresh clone: make demo, make test. Everything made lies in .venv, build/ and dist/.
# Paths are relative, because the checkout may lie where a path has spaces or Vietnamese letters.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-next package lint bench
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

help:
	@echo 'make demo       a fictional province, checked by the real QGIS: findings, a map, a table'
	@echo 'make test       every storey of tests'
	@echo 'make test-next  the algorithms and headless storeys on the next Debian and QGIS (root, about three minutes)'
	@echo 'make package    the zip for QGIS in dist/'
	@echo 'make lint       ruff and mypy'
	@echo 'make bench      side by side with what one would use instead'
	@echo 'make setup      what the others need; they call it by themselves'

setup:
	@tools/setup

demo: setup
	@.venv/bin/python tools/package.py
	@.venv/bin/python tools/demo.py

test:
	@tools/setup tests ends
	@.venv/bin/python tools/run_tests.py $(STOREYS)

test-next:
	@tools/next

package: setup
	@.venv/bin/python tools/package.py

lint: setup
	@.venv/bin/python -m ruff check .
	@.venv/bin/python -m ruff format --check .
	@.venv/bin/python -m mypy

bench: setup
	@if [ -e benchmarks/run.py ]; then .venv/bin/python benchmarks/run.py; else echo 'There is no benchmark yet.'; fi
