#!/usr/bin/env bash
# Beside a bundle ($1): the list of its files with their SHA-256, and what each part and each half weighs.
# $2 lists the files that the window's process cannot load, as the spec wrote it.
set -eu
list=$(realpath "$2")
cd "$1"
find . -type f ! -name SHA256SUMS -print0 | LC_ALL=C sort -z | xargs -0 sha256sum >SHA256SUMS
echo "MiB by part:"
du -sm --apparent-size _internal/* groundwork groundwork-engine | sort -rn | head -25
sum() { du -ck --apparent-size --files0-from=- | awk 'END { print int($1 / 1024) }'; }
alone=$(tr '\n' '\0' <"$list" | sum)
whole=$(find . ! -type d -print0 | sum)
echo "window half: $((whole - alone)) MiB, engine alone: $alone MiB, all: $whole MiB"
