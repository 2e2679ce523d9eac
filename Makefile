# Everything a newcomer needs: `make run` and `make test`.
PYTHON ?= python3
BIN = .venv/bin
export PIP_CONSTRAINT = constraints.txt
export HF_HUB_OFFLINE = 1
PYTEST = $(BIN)/python -m pytest
TEST_LIBRARIES = xvfb xdotool fonts-noto-color-emoji

.PHONY: run test lint bench bench-engine bench-media soak gguf setup libraries test-libraries display clean guide bundle bundle-test installers

run: libraries display setup
	$(BIN)/groundwork

test: test-libraries setup .venv/.test-stamp gguf
	QT_QPA_PLATFORM=offscreen $(PYTEST) -m "not soak and not bench" $(ARGS)

lint: libraries setup .venv/.lint-stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/vulture
	$(BIN)/deptry .

bench: test-libraries setup .venv/.test-stamp
	QT_QPA_PLATFORM=offscreen $(PYTEST) -m bench -s --timeout=0 $(ARGS)

bench-media: test-libraries setup .venv/.test-stamp
	QT_QPA_PLATFORM=offscreen $(PYTEST) -m bench -s --timeout=0 tests/benchmarks/test_media.py \
		tests/benchmarks/test_pictures.py tests/benchmarks/test_canvas_and_timeline.py tests/benchmarks/test_playing.py $(ARGS)

bench-engine: test-libraries setup .venv/.test-stamp gguf
	QT_QPA_PLATFORM=offscreen $(PYTEST) -m bench -s --timeout=0 tests/benchmarks/test_engine_speed.py \
		tests/benchmarks/test_engine_asking.py tests/benchmarks/test_engine_child.py $(ARGS)

soak: test-libraries setup .venv/.test-stamp gguf
	QT_QPA_PLATFORM=offscreen $(PYTEST) -m soak --timeout=0 --hypothesis-profile=searching $(ARGS)

guide: test-libraries setup .venv/.test-stamp gguf
	QT_QPA_PLATFORM=xcb PYTHONPATH=. xvfb-run -a -s "-screen 0 1440x900x24" $(BIN)/python packaging/guide.py

gguf: setup
	packaging/gguf-wheel.sh $(BIN)/python

bundle: libraries setup .venv/.bundle-stamp gguf
	libraries=$$([ "$$(uname -sm)" != "Linux x86_64" ] || packaging/llama-variants.sh $(BIN)/python) && \
		PYTHONHASHSEED=1 GROUNDWORK_LLAMA=$$libraries $(BIN)/pyinstaller --noconfirm --distpath dist --workpath build/bundle packaging/groundwork.spec
	packaging/bundle-facts.sh dist/groundwork build/bundle/groundwork/engine-alone.txt

installers:
	packaging/installers.sh

bundle-test:
	packaging/bundle-test.sh

libraries:
	@packaging/system-libraries.sh

test-libraries:
	@packaging/system-libraries.sh $(TEST_LIBRARIES)

display:
	@[ -n "$$DISPLAY$$WAYLAND_DISPLAY$$QT_QPA_PLATFORM" ] || \
	{ echo "There is no display: start Groundwork from a desktop session, or under xvfb-run." >&2; exit 2; }

setup: .venv/.run-stamp

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Groundwork needs Python 3.11 or newer." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv

.venv/.run-stamp: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install -q --upgrade "pip>=25.1" setuptools wheel
	$(BIN)/pip install -q torch
	$(BIN)/pip install -q --no-build-isolation -e .
	$(BIN)/python -m compileall -q app engine resources widgets
	@touch $@

.venv/.test-stamp: .venv/.run-stamp
	$(BIN)/pip install -q --group test
	@touch $@

.venv/.lint-stamp: .venv/.run-stamp
	$(BIN)/pip install -q --group lint
	@touch $@

.venv/.bundle-stamp: .venv/.run-stamp
	$(BIN)/pip install -q --group bundle
	@touch $@

clean:
	rm -rf .venv build dist *.egg-info
