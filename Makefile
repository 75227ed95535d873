# Every target sets itself up: a machine with Python 3.11, venv and make is enough.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
EMULATOR := build/python-ipmi-0.5.8

.PHONY: demo test check docs bench battery clean

demo: $(READY)
	$(BIN)/ipmi-lab demo

test: $(READY) $(EMULATOR)
	$(BIN)/python -m pytest -n 2

check: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) docs
	$(MAKE) test

docs: $(READY)
	mkdir -p build/docs
	$(BIN)/libdoc IpmiLab build/docs/IpmiLab.html

bench: $(READY)
	$(BIN)/python -m benchmarks

# Both parts always run, and the table is written whatever came of them.
battery: $(READY)
	rm -f tests/battery/figures.json
	IPMI_LAB_BATTERY=long $(BIN)/python -m pytest tests/battery -m "not alone" -n 4 --dist worksteal; waited=$$?; \
	IPMI_LAB_BATTERY=long $(BIN)/python -m pytest tests/battery -m alone && exit $$waited

$(READY): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $(READY)

# A BMC for the tests: the last python-ipmi that ships one, beside the newer one that is a client.
$(EMULATOR): $(READY)
	$(BIN)/python -m pip install --quiet --no-deps --upgrade --target $@ python-ipmi==0.5.8
	touch $@

clean:
	rm -rf .venv build ipmi-lab-report
