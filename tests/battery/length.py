"""How long the battery is: a short, seeded form in every run, the long one with ``IPMI_LAB_BATTERY=long``."""

import os

LONG = os.environ.get("IPMI_LAB_BATTERY", "").lower() == "long"


def scaled(*, short: int, long: int) -> int:
    """How many rounds of something."""
    return long if LONG else short
