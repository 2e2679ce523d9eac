"""A version of the application that can be had."""

from msgspec import Struct


class Release(Struct, frozen=True):
    """`page` is where a person finds it; `newer` says whether it is newer than what asked."""

    version: str
    page: str
    notes: str = ""
    newer: bool = False
