#!/usr/bin/env bash
# Beside a bundle: the list of its files with their SHA-256, and what each part and each half weighs.
set -eu
cd "$1"
find . -type f ! -name SHA256SUMS -print0 | LC_ALL=C sort -z | xargs -0 sha256sum >SHA256SUMS
echo "MiB by part:"
du -sm --apparent-size _internal/* groundwork groundwork-engine | sort -rn | head -25
engine="torch transformers sympy networkx peft accelerate bitsandbytes llama_cpp tokenizers safetensors sentencepiece regex
resources/groundling resources/regression sentencepiece.libs functorch torchgen huggingface_hub hf_xet faster_coco_eval"
size() { du -sk --apparent-size "$@" 2>/dev/null | awk '{ sum += $1 } END { print int(sum / 1024) }'; }
# shellcheck disable=SC2086
half=$(cd _internal && size $engine ../groundwork-engine)
echo "window half: $(($(size .) - half)) MiB, engine alone: $half MiB, all: $(size .) MiB"
