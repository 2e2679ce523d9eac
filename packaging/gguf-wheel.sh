#!/usr/bin/env bash
# Compiles llama-cpp-python once into a local wheel cache (its index entry is source only) and installs it.
set -eu
python=$1
version=$(grep -i '^llama-cpp-python==' constraints.txt | cut -d= -f3)
# GCC 12 drops most of the tile configuration that AMX code loads: a quantized model would crash such processors.
no_amx="-DCMAKE_C_FLAGS=-U__AMX_INT8__ -DCMAKE_CXX_FLAGS=-U__AMX_INT8__"
parts="-DLLAVA_BUILD=OFF -DMTMD_BUILD=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_SERVER=OFF"
recipe=$version-$(echo "$no_amx $parts" | cksum | cut -d' ' -f1)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/groundwork/wheels/$recipe
installed=$("$python" -c 'import sys; print(sys.prefix)')/.llama-$recipe
[ ! -e "$installed" ] || exit 0
mkdir -p "$cache"
if ! ls "$cache"/llama_cpp_python-"$version"-*.whl >/dev/null 2>&1; then
    if ! command -v c++ >/dev/null; then
        if [ "$(id -u)" != 0 ]; then
            echo "A C++ compiler is missing. Run: sudo apt-get install -y g++" >&2
            exit 2
        fi
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends g++ >/dev/null
    fi
    echo "Compiling llama-cpp-python $version once (about 3 minutes on 2 cores)" >&2
    # Without pip's cache, which does not tell one recipe from another.
    CMAKE_ARGS="$no_amx $parts" \
        "$python" -m pip wheel -q --no-cache-dir --no-deps -w "$cache" "llama-cpp-python==$version"
fi
"$python" -m pip install -q -c constraints.txt --find-links "$cache" "llama-cpp-python==$version"
# One of another recipe may be there.
"$python" -m pip install -q --no-deps --no-index --force-reinstall --find-links "$cache" "llama-cpp-python==$version"
touch "$installed"
