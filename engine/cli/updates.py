"""`groundwork-engine updates`: ask once whether there is a newer version. Nothing is fetched but one signed page.

Where to ask and whose signature to believe is set when a release is built, in `resources/updates.json`; a copy without
it asks nobody.
"""

import base64
import binascii
import importlib.metadata
import re
from typing import Annotated

import httpx2
import msgspec
import typer
from msgspec import Struct
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

import resources
from engine.domain.errors import UsageError
from engine.domain.release import Release

_LARGEST = 64 << 10
_SECONDS = 10.0
_VERSION = re.compile(r"\d{1,6}(?:\.\d{1,6}){1,3}", re.ASCII)
_NOT_OURS = "What {address} says is not signed by the makers of Groundwork; it is not believed."


class Place(Struct, frozen=True):
    """Where to ask; the Ed25519 key in hex."""

    address: str = ""
    key: str = ""


class Envelope(Struct, frozen=True):
    """A `Release` as JSON and its Ed25519 signature, both in Base64."""

    signed: str
    signature: str


def command(
    have: Annotated[str, typer.Option(help="The version to compare with; this one without it")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> None:
    """Say whether there is a newer version, and where."""
    place = msgspec.json.decode(resources.path("updates.json").read_bytes(), type=Place)
    mine = have or importlib.metadata.version("groundwork")
    found = look(place, mine)
    if json:
        typer.echo(msgspec.json.encode(found))
    else:
        typer.echo(f"{found.version} is there: {found.page}" if found.newer else f"{mine} is the newest version.")


def look(place: Place, mine: str) -> Release:
    """Ask for the newest release. UsageError in one sentence when nobody can be asked or the answer is not genuine."""
    if not place.address:
        raise UsageError("This copy of Groundwork was built without a place to ask for new versions.")
    try:
        answer = httpx2.get(place.address, timeout=_SECONDS)
        answer.raise_for_status()
    except httpx2.HTTPError as error:
        raise UsageError(
            f"{place.address} cannot be reached ({type(error).__name__}); look again when you are online."
        ) from error
    release = opened(answer.content, place)
    return msgspec.structs.replace(release, newer=number(release.version) > number(mine))


def opened(content: bytes, place: Place) -> Release:
    """The release in an envelope whose signature is the makers'."""
    refused = UsageError(_NOT_OURS.format(address=place.address))
    if len(content) > _LARGEST:
        raise refused
    try:
        envelope = msgspec.json.decode(content, type=Envelope)
        signed = base64.b64decode(envelope.signed, validate=True)
        VerifyKey(bytes.fromhex(place.key)).verify(signed, base64.b64decode(envelope.signature, validate=True))
        release = msgspec.json.decode(signed, type=Release)
    except (msgspec.DecodeError, binascii.Error, BadSignatureError, ValueError) as error:
        raise refused from error
    if not release.page.startswith("https://") or not _VERSION.fullmatch(release.version):
        raise refused
    return release


def number(version: str) -> tuple[int, ...]:
    """A version to compare by; what follows the numbers does not count."""
    found = _VERSION.match(version)
    return tuple(int(part) for part in found.group().split(".")) if found else ()
