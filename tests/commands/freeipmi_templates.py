"""FreeIPMI's own descriptions of messages, used as a codec: its templates and ``fiid`` objects in libfreeipmi.

A template lists fields from bit 0 up; ``fiid`` packs and unpacks by it. Nothing of it knows our declarations.
"""

import ctypes
from functools import cache
from typing import NamedTuple

from tests.interop.peers import PeerMissing

LIBRARY = "libfreeipmi.so.17"
MOST_BYTES = 300


class _Field(ctypes.Structure):
    _fields_ = (("bits", ctypes.c_uint), ("key", ctypes.c_char * 256), ("flags", ctypes.c_uint))


VARIABLE = 0x20


class Cell(NamedTuple):
    """One field of a template: its size in bits, which is the largest where it may be shorter."""

    bits: int
    variable: bool


class FreeIpmiTemplates:
    """All templates of the library, by name."""

    def __init__(self) -> None:
        try:
            self._library = ctypes.CDLL(LIBRARY)
        except OSError:
            raise PeerMissing(f"{LIBRARY} is not installed (Debian's package libfreeipmi17)") from None
        self._library.fiid_obj_create.restype = ctypes.c_void_p

    @cache  # noqa: B019  # one object for all tests
    def fields(self, template: str) -> dict[str, Cell]:
        """The fields of a template by their keys, from the first byte's bit 0 up."""
        fields = ctypes.cast(self._address(template), ctypes.POINTER(_Field))
        found = {}
        index = 0
        while fields[index].bits:
            field = fields[index]
            found[field.key.decode()] = Cell(field.bits, bool(field.flags & VARIABLE))
            index += 1
        return found

    def unpack(self, template: str, data: bytes) -> dict[str, int | bytes]:
        """What the template makes of ``data``: numbers up to 64 bits, bytes beyond; only what is there."""
        message = self._create(template)
        try:
            self._check(message, self._library.fiid_obj_set_all(message, data, len(data)))
            found = {key: self._get(message, template, key) for key in self.fields(template)}
            return {key: value for key, value in found.items() if value is not None}
        finally:
            self._library.fiid_obj_destroy(message)

    def pack(self, template: str, values: dict[str, int | bytes]) -> bytes:
        """The bytes that the template makes of values."""
        message = self._create(template)
        room = ctypes.create_string_buffer(MOST_BYTES)
        try:
            for key, value in values.items():
                name = key.encode()
                if isinstance(value, bytes):
                    done = self._library.fiid_obj_set_data(message, name, value, len(value))
                else:
                    done = self._library.fiid_obj_set(message, name, ctypes.c_uint64(value))
                self._check(message, done)
            size = self._library.fiid_obj_get_all(message, room, MOST_BYTES)
            self._check(message, size)
            return room.raw[:size]
        finally:
            self._library.fiid_obj_destroy(message)

    def _get(self, message: ctypes.c_void_p, template: str, key: str) -> int | bytes | None:
        if self.fields(template)[key].bits > 64:
            room = ctypes.create_string_buffer(MOST_BYTES)
            size = self._library.fiid_obj_get_data(message, key.encode(), room, MOST_BYTES)
            self._check(message, size)
            return room.raw[:size] if size else None
        value = ctypes.c_uint64()
        there = self._library.fiid_obj_get(message, key.encode(), ctypes.byref(value))
        self._check(message, there)
        return value.value if there else None

    def _address(self, template: str) -> ctypes.c_void_p:
        return ctypes.c_void_p(ctypes.addressof(ctypes.c_char.in_dll(self._library, template)))

    def _create(self, template: str) -> ctypes.c_void_p:
        message = self._library.fiid_obj_create(self._address(template))
        assert message, f"libfreeipmi has no use for {template}"
        return ctypes.c_void_p(message)

    def _check(self, message: ctypes.c_void_p, result: int) -> None:
        if result < 0:
            self._library.fiid_obj_errormsg.restype = ctypes.c_char_p
            raise AssertionError(f"libfreeipmi refused: {self._library.fiid_obj_errormsg(message).decode()}")
