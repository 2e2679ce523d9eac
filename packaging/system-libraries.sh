#!/usr/bin/env bash
# Makes sure that the shared libraries Qt and PortAudio load are there: installed as root, otherwise named.
set -eu
packages="libgl1 libegl1 libglib2.0-0 libfontconfig1 libfreetype6 libxkbcommon0 libdbus-1-3 fonts-dejavu-core \
libxcb-cursor0 libxkbcommon-x11-0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxcb-xkb1 libxcb-render-util0 libxcb-image0 \
libportaudio2 $*"
command -v dpkg-query >/dev/null || exit 0
missing=""
for package in $packages; do
    # Newer releases carry the same library under a name that ends in t64.
    dpkg-query -W -f '${Status}\n' "$package" "${package}t64" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" != 0 ]; then
    echo "System libraries are missing. Run this line, then the same make command again:" >&2
    echo "  sudo apt-get install -y --no-install-recommends$missing" >&2
    exit 2
fi
echo "Installing system libraries:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends $missing >/dev/null
