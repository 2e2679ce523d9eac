"""Stable identifiers: 26 characters of Crockford base 32, unique without coordination (ULID layout)."""

import os
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id() -> str:
    """A fresh id. Its leading time part is for reading only: order is never taken from ids."""
    number = (time.time_ns() // 1_000_000 << 80) | int.from_bytes(os.urandom(10))
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -5, -5))
