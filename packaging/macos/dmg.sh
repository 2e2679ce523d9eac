#!/usr/bin/env bash
# On a Mac, after the bundle was built there: a disk image with Groundwork.app. Not built on Linux.
#
# GROUNDWORK_APPLE_IDENTITY     the Developer ID that signs; GROUNDWORK_APPLE_PROFILE a notarytool profile; or neither
set -eu
cd "$(dirname "$0")/../.."
app=dist/Groundwork.app
version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
image=dist/installers/Groundwork-$version.dmg
[ -d "$app" ] || { echo "There is no $app: run make bundle on this Mac first." >&2; exit 2; }
mkdir -p dist/installers build/dmg
if [ -n "${GROUNDWORK_APPLE_IDENTITY:-}" ]; then
    codesign --force --deep --options runtime --timestamp --entitlements packaging/macos/entitlements.plist \
        --sign "$GROUNDWORK_APPLE_IDENTITY" "$app"
else
    echo "Not signed: set GROUNDWORK_APPLE_IDENTITY." >&2
fi
cp -R "$app" build/dmg/
ln -sf /Applications build/dmg/Applications
hdiutil create -volname Groundwork -srcfolder build/dmg -format ULMO -ov "$image"
if [ -n "${GROUNDWORK_APPLE_PROFILE:-}" ]; then
    xcrun notarytool submit "$image" --keychain-profile "$GROUNDWORK_APPLE_PROFILE" --wait
    xcrun stapler staple "$image"
fi
(cd dist/installers && shasum -a 256 ./*.dmg >SHA256SUMS)
