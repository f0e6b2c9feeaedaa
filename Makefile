# Needs a C++ compiler, Python 3.9 or later with venv, and pip. Everything else is put into $(VENV) and build/.
PYTHON ?= python3
VENV ?= .venv
LINT_VENV ?= .venv-lint

bin := $(VENV)/bin
install := python -m pip install --quiet --disable-pip-version-check
sources := $(shell find cpp python -type f ! -name '*.pyc' ! -name '*.so') CMakeLists.txt pyproject.toml
cxx_sources := $(shell find cpp benchmarks examples tests -name '*.cpp' -o -name '*.h')

.PHONY: help demo test lint format bench examples fuzz stubs sanitize sanitize-address sanitize-thread clean

help:
	@echo "make demo      train a CNN on handwritten digits and draw what it learnt"
	@echo "make test      lint and run every test"
	@echo "make format    format the sources"
	@echo "make bench     time training and prediction, beside the peers named in TF_PY and TH_PY"
	@echo "make examples  run the other examples"
	@echo "make fuzz      load mutated files of models for half an hour"
	@echo "make sanitize  run the tests under the address, undefined-behaviour and thread sanitizers"
	@echo "make stubs     write the type stubs of the extension anew"
	@echo "make clean     remove what the others made"

# What `pip install .` would fetch for the build stands in the environment instead, so that a second build is incremental.
$(VENV)/tools.stamp:
	$(PYTHON) -m venv $(VENV)
	$(bin)/$(install) 'scikit-build-core>=0.10' 'pybind11>=2.13' cmake ninja
	@touch $@

$(VENV)/package.stamp: $(VENV)/tools.stamp $(sources)
	rm -rf build/wheel
	$(bin)/python -m pip wheel --quiet --no-build-isolation --no-deps --wheel-dir build/wheel .
	$(bin)/$(install) --force-reinstall --no-deps build/wheel/*.whl
	$(bin)/$(install) "$$(echo build/wheel/*.whl)[test]"
	@touch $@

$(LINT_VENV)/tools.stamp: pyproject.toml
	$(PYTHON) -m venv $(LINT_VENV)
	$(LINT_VENV)/bin/$(install) ruff==0.17.6 clang-format==23.1.5
	@touch $@

demo: $(VENV)/package.stamp
	$(bin)/python examples/digits_cnn.py --picture build/digits_cnn.png

test: lint $(VENV)/package.stamp
	$(PYTHON) cpp/check_symbols.py build
	PATH="$(abspath $(bin)):$$PATH" $(bin)/python -m pytest

lint: $(LINT_VENV)/tools.stamp
	$(LINT_VENV)/bin/ruff check
	$(LINT_VENV)/bin/ruff format --check
	@$(LINT_VENV)/bin/clang-format --dry-run -Werror $(cxx_sources)

format: $(LINT_VENV)/tools.stamp
	$(LINT_VENV)/bin/ruff check --fix
	$(LINT_VENV)/bin/ruff format
	@$(LINT_VENV)/bin/clang-format -i $(cxx_sources)

bench: $(VENV)/package.stamp
	$(bin)/python benchmarks/python/run.py

examples: $(VENV)/package.stamp
	for script in examples/seed/*.py examples/functional/*.py; do $(bin)/python -m pronghorn $$script || exit 1; done
	for script in japanese_vowels movie_reviews; do $(bin)/python examples/sequences/$$script.py || exit 1; done
	$(bin)/python examples/fashion_mnist_cnn.py

fuzz: $(VENV)/package.stamp
	$(bin)/python tests/saving/fuzz_files.py --seconds 1800

stubs: $(VENV)/package.stamp
	$(bin)/$(install) pybind11-stubgen
	$(bin)/pybind11-stubgen pronghorn._core -o build/stubs
	sed 's/^__version__: str = .*/__version__: str/' build/stubs/pronghorn/_core.pyi > python/pronghorn/_core.pyi
	$(MAKE) format

# The sanitizers' run-time libraries come first in the process, with the C++ library that throws through them. NumPy's
# OpenBLAS gets one thread: the thread sanitizer cannot follow its others.
sanitize: sanitize-address sanitize-thread
sanitize-address: flags := address,undefined
sanitize-address: preload := libasan.so
sanitize-thread: flags := thread
sanitize-thread: preload := libtsan.so
sanitize-address sanitize-thread: $(VENV)/package.stamp
	$(bin)/cmake -S . -B build/$@ -G Ninja -DPRONGHORN_SANITIZE=$(flags) -DPython_EXECUTABLE=$(abspath $(bin)/python) \
	  -DCMAKE_MAKE_PROGRAM=$(abspath $(bin)/ninja) -Dpybind11_DIR=$$($(bin)/python -m pybind11 --cmakedir)
	$(bin)/cmake --build build/$@
	rm -rf build/$@/site && mkdir build/$@/site && cp -R python/pronghorn build/$@/site/
	rm -f build/$@/site/pronghorn/_core*.so
	$(bin)/cmake --install build/$@ --component python --prefix $(abspath build/$@/site/pronghorn)
	LD_PRELOAD="$$($(CXX) -print-file-name=$(preload)) $$($(CXX) -print-file-name=libstdc++.so.6)" \
	  PYTHONPATH=build/$@/site PYTHONMALLOC=malloc ASAN_OPTIONS=detect_leaks=0 \
	  UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 OMP_NUM_THREADS=3 OPENBLAS_NUM_THREADS=1 \
	  $(bin)/python -m pytest -p no:cacheprovider $(SANITIZE_TESTS)

clean:
	rm -rf build $(VENV) $(LINT_VENV)
