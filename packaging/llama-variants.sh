#!/usr/bin/env bash
# Compiles llama.cpp's arithmetic once for each kind of processor, into a local cache; prints the folder.
# The wheel's libllama fits them: it is the same source, and it knows the processor only through ggml.
set -eu
python=$1
variants="x64 haswell alderlake skylakex cascadelake zen4"
version=$(grep -i '^llama-cpp-python==' constraints.txt | cut -d= -f3)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/groundwork/llama-$version
libraries=$cache/libraries
PATH=$(dirname "$python"):$PATH
if [ ! -e "$libraries/.ready" ]; then
    rm -rf "$cache/build" "$cache/ggml" "$libraries"
    mkdir -p "$cache"
    if ! ls "$cache"/llama_cpp_python-*.tar.gz >/dev/null 2>&1; then
        "$python" -m pip download -q --no-cache-dir --no-deps --no-binary :all: -d "$cache" "llama-cpp-python==$version" >&2
    fi
    tar xzf "$cache"/llama_cpp_python-*.tar.gz -C "$cache" --strip-components=3 --wildcards '*/vendor/llama.cpp/ggml'
    echo "Compiling llama.cpp for $variants once (some minutes on 2 quiet cores)" >&2
    # Only these kinds: an order of ggml's own build asks for every one it knows.
    others=$(sed -n 's/^ *ggml_add_cpu_backend_variant(\([a-z0-9]*\).*/\1/p' "$cache/ggml/src/CMakeLists.txt" | sort -u |
        grep -vxE "${variants// /|}" | paste -sd'|')
    sed -i -E "/ggml_add_cpu_backend_variant\(($others)[ )]/d" "$cache/ggml/src/CMakeLists.txt"
    printf 'cmake_minimum_required(VERSION 3.21)\nproject(variants C CXX)\nadd_subdirectory(ggml)\n' >"$cache/CMakeLists.txt"
    cmake -S "$cache" -B "$cache/build" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON -DGGML_NATIVE=OFF \
        -DGGML_LLAMAFILE=ON \
        -DGGML_BACKEND_DL=ON -DGGML_CPU_ALL_VARIANTS=ON -DGGML_BUILD_TESTS=OFF -DGGML_BUILD_EXAMPLES=OFF \
        -DCMAKE_SKIP_RPATH=OFF -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON -DCMAKE_INSTALL_RPATH='$ORIGIN' >"$cache/cmake.log"
    cmake --build "$cache/build" --parallel "$(nproc)" >"$cache/build.log" 2>&1
    mkdir -p "$libraries"
    find "$cache/build" -name 'libggml*.so*' -exec cp -a {} "$libraries/" \;
    rm -rf "$cache/build" "$cache/ggml" "$cache/CMakeLists.txt"
    touch "$libraries/.ready"
fi
echo "$libraries"
