"""Strikes known secrets out of texts, in whatever form they stand there: as text, in hex, as numbers, in base64."""

import re
from binascii import b2a_base64
from functools import lru_cache
from urllib.parse import quote

from ipmi_lab.secret import Secret

STARS = "****"
SHORTEST = 4
"""A shorter secret would strike parts out of half the words."""
CUTS = (16, 20)
"""A password goes over the wire cut to one of these lengths."""
SHORT, REMEMBERED = 200, 2048


class Hidden:
    """The secrets that are known by now. ``strike`` gives a text without them."""

    def __init__(self) -> None:
        self._alternatives: set[str] = set()
        self._learn()

    def add(self, secret: Secret) -> None:
        """Strike this one as well from now on."""
        found = _patterns(secret) - self._alternatives
        if found:
            self._alternatives |= found
            self._learn()

    def _learn(self) -> None:
        longest_first = sorted(self._alternatives, key=len, reverse=True)
        self._search = re.compile("|".join(longest_first)) if longest_first else None
        self._remembered = lru_cache(REMEMBERED)(self._struck)

    def strike(self, text: str) -> str:
        """The text with stars where a secret stood. What is short comes again and again, so it is remembered."""
        return self._remembered(text) if len(text) <= SHORT else self._struck(text)

    def _struck(self, text: str) -> str:
        return text if self._search is None else self._search.sub(_stars, text)


def _stars(found: re.Match[str]) -> str:
    """A star pair for a byte where the secret stood in the journal's own hex, else just stars."""
    text = found[0]
    spaced = len(text) % 3 == 2 and all(text[at] == " " for at in range(2, len(text), 3))
    return re.sub("[^ ]", "*", text) if spaced else STARS


def _patterns(secret: Secret) -> set[str]:
    """Patterns of all forms of a secret: the text, as ``repr``, URLs and base64 have it, and its bytes in hex or as
    numbers with anything usual in between."""
    if len(secret) < SHORTEST:
        return set()
    return set().union(*(_of(part) for part in {secret.reveal(), *(secret.reveal()[:cut] for cut in CUTS)}))


def _of(raw: bytes) -> set[str]:
    text = raw.decode("utf-8", "backslashreplace")
    texts = {text, repr(text)[1:-1], repr(raw)[2:-1], text.replace('"', '\\"'), quote(text, safe="")}
    texts.add(b2a_base64(raw).decode()[: len(raw) * 4 // 3])
    hexes = r"[\s:,_-]*(?:0x|\\x)?".join(f"{byte:02x}" for byte in raw)
    numbers = r"[\s,]+".join(map(str, raw))
    return {*map(re.escape, texts), f"(?i:{hexes})", rf"(?<!\d){numbers}(?!\d)"}
