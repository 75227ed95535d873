"""A password or key that never shows itself by accident."""

from _operator import _compare_digest
from typing import Protocol, runtime_checkable

same = _compare_digest
"""Compares in a time that tells nothing: ``hmac.compare_digest`` without the OpenSSL that ``hmac`` loads."""


@runtime_checkable
class HasValue(Protocol):
    """What Robot Framework's own ``Secret`` looks like; known by its shape, never imported."""

    value: str


class Secret:
    """A secret text or bytes. It prints as stars; ``reveal`` is called only inside the expression that needs it."""

    __slots__ = ("_bytes",)

    def __init__(self, value: "str | bytes | Secret | HasValue") -> None:
        plain: str | bytes
        if isinstance(value, Secret):
            plain = value.reveal()
        else:
            plain = value if isinstance(value, (str, bytes)) else value.value
        self._bytes: bytes = plain.encode() if isinstance(plain, str) else plain

    def reveal(self) -> bytes:
        """The secret itself."""
        return self._bytes

    def __repr__(self) -> str:
        return "Secret('****')"

    def __str__(self) -> str:
        return "****"

    def __len__(self) -> int:
        return len(self._bytes)

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and same(self._bytes, other._bytes)

    def __hash__(self) -> int:
        return hash(("Secret", self._bytes))

    def __reduce__(self) -> "str | tuple[object, ...]":
        raise TypeError("a secret is not pickled: it would leave the process in the clear")
