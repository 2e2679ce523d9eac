#!/usr/bin/env bash
# From dist/groundwork: a Debian package, an AppImage where a runtime is at hand, their SHA-256 list and signatures.
#
# GROUNDWORK_APPIMAGE_RUNTIME   the type-2 runtime that an AppImage begins with; without it the AppDir is left to wrap
# GROUNDWORK_GPG_KEY            the key that signs the list; GROUNDWORK_MINISIGN_KEY a minisign key file; or neither
set -eu
cd "$(dirname "$0")/.."
bundle=dist/groundwork
out=dist/installers
linux=packaging/linux
[ -x "$bundle/groundwork" ] || { echo "There is no bundle: run make bundle first." >&2; exit 2; }
version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
rm -rf "$out" build/installers
mkdir -p "$out" build/installers

desktop_files() { # below $1: what a desktop needs to show and start the program
    install -Dm644 $linux/groundwork.desktop "$1/usr/share/applications/groundwork.desktop"
    install -Dm644 $linux/groundwork.svg "$1/usr/share/icons/hicolor/scalable/apps/groundwork.svg"
}

debian() {
    local root=build/installers/deb
    mkdir -p $root/opt $root/usr/bin $root/DEBIAN
    cp -al "$bundle" $root/opt/groundwork
    ln -s /opt/groundwork/groundwork /opt/groundwork/groundwork-engine $root/usr/bin/
    desktop_files $root
    install -Dm644 LICENSE $root/usr/share/doc/groundwork/copyright
    printf '\nThe licences of what is inside: /opt/groundwork/_internal/resources/licences/notices.json\n' \
        >>$root/usr/share/doc/groundwork/copyright
    sed "s/@VERSION@/$version/; s/@SIZE@/$(du -sk $root | cut -f1)/" $linux/control >$root/DEBIAN/control
    (cd $root && find opt usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
    dpkg-deb --root-owner-group -Zzstd -z9 --build $root "$out/groundwork_${version}_amd64.deb"
}

appimage() {
    local dir=build/installers/Groundwork.AppDir image="$out/Groundwork-$version-x86_64.AppImage"
    mkdir -p $dir/usr/lib
    cp -al "$bundle" $dir/usr/lib/groundwork
    desktop_files $dir
    cp $linux/AppRun $linux/groundwork.desktop $linux/groundwork.svg $dir/
    ln -s groundwork.svg $dir/.DirIcon
    if [ ! -f "${GROUNDWORK_APPIMAGE_RUNTIME:-}" ]; then
        echo "No AppImage: set GROUNDWORK_APPIMAGE_RUNTIME to a type-2 runtime; $dir is ready to be wrapped." >&2
        return
    fi
    # It takes its times from SOURCE_DATE_EPOCH.
    mksquashfs $dir build/installers/image.squashfs -root-owned -noappend -quiet -no-progress -comp zstd \
        -Xcompression-level 9
    cat "$GROUNDWORK_APPIMAGE_RUNTIME" build/installers/image.squashfs >"$image"
    chmod +x "$image"
}

sign() {
    (cd "$out" && sha256sum ./* >SHA256SUMS)
    if [ -n "${GROUNDWORK_GPG_KEY:-}" ]; then
        gpg --batch --yes --local-user "$GROUNDWORK_GPG_KEY" --armor --detach-sign "$out/SHA256SUMS"
    elif [ -n "${GROUNDWORK_MINISIGN_KEY:-}" ]; then
        minisign -S -s "$GROUNDWORK_MINISIGN_KEY" -m "$out/SHA256SUMS"
    else
        echo "Not signed: set GROUNDWORK_GPG_KEY or GROUNDWORK_MINISIGN_KEY." >&2
    fi
}

if command -v dpkg-deb >/dev/null; then debian; else echo "No .deb: dpkg-deb is missing." >&2; fi
if command -v mksquashfs >/dev/null; then appimage; else echo "No AppImage: mksquashfs is missing (squashfs-tools)." >&2; fi
sign
rm -rf build/installers/deb build/installers/image.squashfs
ls -l "$out"
