# Everything runs from .venv, which scripts/bootstrap makes and keeps up to date.
.POSIX:
.NOTPARALLEL:
.PHONY: help demo test lint types imports check docs bench faults doctor-report clean

PYTHON_HERE = .venv/bin/python
DEMO = $(PYTHON_HERE) -m portico -C examples/destiny
ARGS =

help:
	@echo 'make demo    start the sample project behind nginx and uWSGI and follow two requests through it'
	@echo 'make test    run the tests            (ARGS="-k name" goes to pytest)'
	@echo 'make check   lint, types and import contracts; each alone: make lint, make types, make imports'
	@echo 'make docs    write the generated pages into docs/'
	@echo 'make bench   Portico beside other servers, all in one run (30 minutes; ARGS=--quick: 6; ARGS=--help for more)'
	@echo 'make faults  kill, reload and cut off real stacks under load (ARGS=--write for docs/reliability.md; 11 minutes)'
	@echo 'make doctor-report  provoke every known failure and write what the doctor says (docs/doctor-report.md; 4 minutes)'
	@echo 'make clean   stop the demo, remove .venv and every cache; uploads and databases stay'

demo:
	@sh scripts/bootstrap demo
	@$(DEMO) demo

test:
	@sh scripts/bootstrap dev
	$(PYTHON_HERE) -m compileall -q -x /inside/ src
	$(PYTHON_HERE) -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

lint:
	@sh scripts/bootstrap dev
	$(PYTHON_HERE) -m ruff check .
	$(PYTHON_HERE) -m ruff format --check .

types:
	@sh scripts/bootstrap dev
	$(PYTHON_HERE) -m mypy

imports:
	@sh scripts/bootstrap dev
	$(PYTHON_HERE) -c 'from importlinter.cli import lint_imports_command as run; run()'

check: lint types imports

docs:
	@sh scripts/bootstrap dev
	$(PYTHON_HERE) scripts/generate_docs.py

bench:
	@sh scripts/bootstrap dev
	@test -f bench/__main__.py || { echo 'there is no bench/__main__.py in this checkout'; exit 2; }
	$(PYTHON_HERE) -m bench $(ARGS)

faults:
	@sh scripts/bootstrap dev
	PYTHONPATH=tests $(PYTHON_HERE) -m faults $(ARGS)

doctor-report:
	@sh scripts/bootstrap dev
	PYTHONPATH=tests $(PYTHON_HERE) -m catalogue --write

clean:
	@test ! -e examples/destiny/.portico || test ! -x $(PYTHON_HERE) || $(DEMO) down
	rm -rf .venv .mypy_cache .ruff_cache examples/destiny/.ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
