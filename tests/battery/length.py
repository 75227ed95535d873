"""How long the battery is: a short, seeded form in every run, the long one with ``IPMI_LAB_BATTERY=long``."""

import os
from typing import TypeVar

T = TypeVar("T")
LONG = os.environ.get("IPMI_LAB_BATTERY", "").lower() == "long"


def scaled(*, short: T, long: T) -> T:
    """How many rounds of something, or which ones."""
    return long if LONG else short
