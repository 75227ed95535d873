"""Strikes known secrets out of texts, in whatever form they stand there: as text, in hex, as numbers, in base64."""

import re
from binascii import b2a_base64
from functools import cached_property, lru_cache
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
        self._forms: dict[bytes, _Forms] = {}
        self._learn()

    def add(self, secret: Secret) -> None:
        """Strike this one as well from now on."""
        if len(secret) < SHORTEST or secret.reveal() in self._forms:
            return
        for raw in (secret.reveal(), *(secret.reveal()[:cut] for cut in CUTS)):
            self._forms.setdefault(raw, _Forms(raw))
        self._learn()

    def _learn(self) -> None:
        self._signs = tuple({sign for forms in self._forms.values() for sign in forms.signs})
        self._remembered = lru_cache(REMEMBERED)(self._struck)

    def strike(self, text: str) -> str:
        """The text with stars where a secret stood. What is short comes again and again, so it is remembered."""
        return self._remembered(text) if len(text) <= SHORT else self._struck(text)

    def _struck(self, text: str) -> str:
        if not self._signs:
            return text
        searched = _with_bytes_joined(text)
        if not any(map(searched.__contains__, self._signs)):
            return text
        found = [forms.patterns for forms in self._forms.values() if any(map(searched.__contains__, forms.signs))]
        return _search(frozenset().union(*found)).sub(_stars, text)


def _with_bytes_joined(text: str) -> str:
    """A text, and behind it the same without what may stand between bytes in hex, and between numbers."""
    hexes = "".join(text.lower().split())
    for between in (":", ",", "_", "-", "0x", "\\x"):
        hexes = hexes.replace(between, "")
    return f"{text}\n{hexes}\n{','.join(text.replace(',', ' ').split())}"


@lru_cache(64)
def _search(patterns: frozenset[str]) -> re.Pattern[str]:
    return re.compile("|".join(sorted(patterns, key=len, reverse=True)))  # else a part of a longer one would be struck


def _stars(found: re.Match[str]) -> str:
    """A star pair for a byte where the secret stood in the journal's own hex, else just stars."""
    text = found[0]
    spaced = len(text) % 3 == 2 and all(text[at] == " " for at in range(2, len(text), 3))
    return re.sub("[^ ]", "*", text) if spaced else STARS


class _Forms:
    """All forms of a secret: the text, as ``repr``, URLs and base64 have it, and its bytes in hex or as numbers with
    anything usual in between. To look for these takes long, and a run that sets passwords all day knows many: a text
    that has none of the ``signs`` has none of the forms."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        text = raw.decode("utf-8", "backslashreplace")
        texts = {text, repr(text)[1:-1], repr(raw)[2:-1], text.replace('"', '\\"'), quote(text, safe="")}
        self._texts = texts | {b2a_base64(raw).decode()[: len(raw) * 4 // 3]}
        # without its last digit: with an x behind it, that is taken for the beginning of the next byte
        self.signs = self._texts | {raw.hex()[:-1], ",".join(map(str, raw))}

    @cached_property
    def patterns(self) -> frozenset[str]:
        """The forms as regular expressions."""
        hexes = r"[\s:,_-]*(?:0x|\\x)?".join(f"{byte:02x}" for byte in self._raw)
        numbers = r"[\s,]+".join(map(str, self._raw))
        return frozenset({*map(re.escape, self._texts), f"(?i:{hexes})", rf"(?<!\d){numbers}(?!\d)"})
