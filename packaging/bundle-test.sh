#!/usr/bin/env bash
# Runs the bundle on a minimal Debian root without Python and without a compiler, and checks what an annotator does first.
# Needs root and debootstrap; everything is kept under build/bundle-test.
set -eu
cd "$(dirname "$0")/.."
bundle=dist/groundwork
work=build/bundle-test
root=$work/root
[ -x "$bundle/groundwork-engine" ] || { echo "There is no bundle: run make bundle first." >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "debootstrap needs root: run sudo make bundle-test." >&2; exit 2; }

if [ ! -e "$root/.ready" ]; then
    command -v debootstrap >/dev/null || { apt-get update -qq; apt-get install -y -qq --no-install-recommends debootstrap >/dev/null; }
    rm -rf "$root"
    mkdir -p "$work"
    libraries="libgl1,libegl1,libglib2.0-0,libfontconfig1,libfreetype6,libxkbcommon0,libdbus-1-3,libxcb-cursor0"
    libraries="$libraries,libxkbcommon-x11-0,libxcb-icccm4,libxcb-keysyms1,libxcb-shape0,libxcb-xkb1,libxcb-render-util0"
    libraries="$libraries,libxcb-image0,libportaudio2,fonts-dejavu-core,xvfb,xauth,xdotool,x11-apps"
    debootstrap --variant=minbase --include="$libraries" bookworm "$root" >"$work/debootstrap.log" 2>&1
    touch "$root/.ready"
fi
if chroot "$root" sh -c 'command -v python3 || command -v cc' >/dev/null; then
    echo "The test root holds Python or a compiler; it proves nothing." >&2
    exit 1
fi

# Writes each attempt to reach an internet address to /connects, and lets it fail.
cc -shared -fPIC -O1 -o "$work/connects.so" packaging/test/connects.c -ldl
rm -rf "$root/opt/groundwork" "$root/connects" "$root/tmp/"*
mkdir -p "$root/opt" "$root/proc" "$root/dev/shm"
cp -a "$bundle" "$root/opt/groundwork"
cp "$work/connects.so" packaging/test/journey.sh "$root/opt/"
mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
trap 'umount "$root/proc" 2>/dev/null || true' EXIT
unshare -n chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    LD_PRELOAD=/opt/connects.so bash /opt/journey.sh
if [ -s "$root/connects" ]; then
    echo "The bundle tried to reach:" >&2
    sort -u "$root/connects" >&2
    exit 1
fi
echo "no network connection was tried"
echo "bundle-test passed"
