"""Puts messages into session packets and takes them out again: one class a packet format, the same for both ends.

A received datagram passes, in this order: length, RMCP class, session id, sequence window, authentication code,
decryption, pad. Whatever fails raises RemoteError and changes nothing; the caller counts it and waits on.
"""

import struct
from collections.abc import Callable
from typing import Protocol

from ipmi_lab.errors import BadSignature, RemoteError
from ipmi_lab.packets import lan15, lan20
from ipmi_lab.packets.lan20 import AUTHENTICATED, HEADER_SIZE, NUMBERS, TRAILERS
from ipmi_lab.packets.rmcp import IPMI_HEADER
from ipmi_lab.secret import same
from ipmi_lab.sessions.crypto import (
    AES_PADS,
    AES_VECTOR,
    DIGESTS,
    LEAST_BLOCKS,
    Aes,
    Confidentiality,
    Integrity,
    authenticator,
)
from ipmi_lab.sessions.window import LAST, Window

numbers = NUMBERS.pack
AES_TRAILER = TRAILERS[0]  # behind whole blocks


class Wrapping(Protocol):
    """What a session needs of its packet format."""

    def wrap(self, message: bytes) -> bytes: ...

    def unwrap(self, datagram: bytes) -> bytes: ...


class SessionWrapping(Wrapping, Protocol):
    """The packet format of a session that is open. ``bmc_session_id`` is how the BMC calls it."""

    @property
    def bmc_session_id(self) -> int: ...


class Sessionless:
    """IPMI 1.5 packets outside any session: no id, no sequence, no code."""

    def wrap(self, message: bytes) -> bytes:
        return lan15.pack(0, 0, 0, b"", message)

    def unwrap(self, datagram: bytes) -> bytes:
        packet = lan15.parse(datagram)
        if packet.authentication or packet.session_id or packet.sequence:
            session = f"session id 0x{packet.session_id:08X} and number {packet.sequence}"
            raise RemoteError(
                f"a packet with authentication type {packet.authentication}, {session} came outside a session"
            )
        return packet.message


class Sessionless20:
    """RMCP+ packets outside any session: some consoles ask for cipher suites that way."""

    def wrap(self, message: bytes) -> bytes:
        return lan20.pack(lan20.PAYLOAD_IPMI, 0, 0, message)

    def unwrap(self, datagram: bytes) -> bytes:
        packet = lan20.parse(datagram)
        if packet.kind or packet.session_id or packet.sequence:
            raise RemoteError(f"a payload 0x{packet.kind:02X} came outside a session")
        return packet.payload


def _unwrapped(wrapping: Wrapping, datagram: bytes) -> bytes | None:
    """What ``unwrap`` gives; None where it gives none, or the packet is not even one of IPMI."""
    try:
        return wrapping.unwrap(datagram) if datagram.startswith(IPMI_HEADER) else None
    except RemoteError:
        return None


def swapped(sequence: int) -> int:
    """A number with its bytes the other way round."""
    return int.from_bytes(sequence.to_bytes(4, "little"), "big")


class Lan15:
    """One end of an IPMI 1.5 session.

    ``authentication`` is the type that both directions carry; a code is verified wherever one comes.
    ``window`` is None until the peer's first number counts. ``quirks`` are what the other end is known to do wrong.
    """

    def __init__(
        self,
        *,
        authentication: int,
        password: bytes,
        session_id: int,
        sequence: int,
        window: Window | None,
        quirks: frozenset[str] = frozenset(),
    ) -> None:
        self.quirks = quirks
        self.authentication = authentication
        self.password = password
        self.session_id = session_id
        self.sequence = sequence
        self.window = window
        self._usual = authentication in DIGESTS and not quirks
        self._code = authenticator(authentication, password, session_id)

    @property
    def bmc_session_id(self) -> int:
        return self.session_id

    def wrap(self, message: bytes) -> bytes:
        authentication, sequence = self.authentication, self.sequence
        if sequence:  # zero while the session is being activated, and then it stays
            self.sequence = 1 if sequence == LAST else sequence + 1
        code = self._code(sequence, message) if authentication else b""
        return lan15.pack(authentication, sequence, self.session_id, code, message)

    def unwrap_next(self, datagram: bytes) -> bytes | None:
        """What ``unwrap`` gives, for a signed packet that comes next in turn and is made as nearly all are. None where
        it is not: nothing has changed then, and ``unwrap`` tells what it is worth."""
        window, size = self.window, len(datagram) - lan15.SIGNED_SIZE
        if window is None or not self._usual or size < 0:
            return _unwrapped(self, datagram)
        number = window.highest + 1
        if number > LAST or datagram[lan15.SIGNED_SIZE - 1] != size:
            return None
        if not datagram.startswith(lan15.begin(self.authentication, number, self.session_id)):
            return None
        message = datagram[lan15.SIGNED_SIZE :]
        if not same(self._code(number, message), datagram[lan15.CODE_AT : lan15.SIGNED_SIZE - 1]):
            return None
        if window.missing:
            window.mark(number)
        else:
            window.highest = number
        return message

    def unwrap(self, datagram: bytes) -> bytes:
        packet = lan15.parse(datagram, lengths="nosdulength" not in self.quirks)
        sequence, session_id = packet.sequence, packet.session_id
        if session_id != self.session_id and (session_id or "idzero" not in self.quirks):
            raise RemoteError(f"a packet of session 0x{session_id:08X} came, ours is 0x{self.session_id:08X}")
        if "endianseq" in self.quirks:
            sequence = swapped(sequence)
        if self.window is not None and not self.window.fresh(sequence):
            raise RemoteError(f"the sequence number {sequence} is a duplicate or outside the window")
        self.check_code(packet)
        if self.window is not None:
            self.window.mark(sequence)
        return packet.message

    def check_code(self, packet: lan15.Packet) -> None:
        """BadSignature unless the packet's type is the session's and its code fits."""
        authentication, sequence, session_id, code, message = packet
        wanted = self._code
        if authentication != self.authentication or session_id != self.session_id:
            if authentication != self.authentication and not (authentication and "unexpectedauth" in self.quirks):
                raise BadSignature(
                    f"a packet with authentication type {authentication} came, {self.authentication} was agreed"
                )
            if authentication and authentication not in DIGESTS:
                raise BadSignature(f"nobody knows the authentication type {authentication} of the packet")
            wanted = authenticator(authentication, self.password, session_id)
        if not authentication or (self.quirks and "noauthcodecheck" in self.quirks):
            return
        if not same(wanted(sequence, message), code):
            raise BadSignature("the authentication code of the packet does not fit")


class Lan20:
    """One end of an RMCP+ session: ``local_id`` is what the peer addresses us by, ``remote_id`` how we address it."""

    def __init__(
        self,
        *,
        local_id: int,
        remote_id: int,
        integrity: Integrity,
        confidentiality: Confidentiality | None,
        sequence: int = 1,
        window: Window,
    ) -> None:
        self.local_id, self.remote_id = local_id, remote_id
        self.integrity, self.confidentiality = integrity, confidentiality
        self.sequence, self.window = sequence, window
        self._begin_inner, self._begin_outer, self._signed = integrity
        self._code_at = -integrity.size
        self._chain_on: Callable[[bytes], bytes] | None = None
        self._chain_back: Callable[[bytes], bytes] | None = None
        if isinstance(confidentiality, Aes) and integrity.size:
            self._chain_on, self._chain_back = confidentiality.chains
        self._around = HEADER_SIZE + len(AES_TRAILER) + integrity.size  # what stands around whole blocks
        self.flags = (AUTHENTICATED if integrity.size else 0) | (lan20.ENCRYPTED if confidentiality else 0)
        self._begins_inbound = lan20.begin(self.flags, local_id)
        self._begins = lan20.begin(self.flags, remote_id)[4:]

    @property
    def bmc_session_id(self) -> int:
        return self.remote_id

    def wrap(self, message: bytes) -> bytes:
        sequence, chain_on = self.sequence, self._chain_on
        self.sequence = 1 if sequence == LAST else sequence + 1  # ``following``, without a call for each packet
        try:
            if chain_on is not None:  # what ``encrypt`` and ``code`` do, as nearly every packet wants both
                message = chain_on(AES_VECTOR + message + AES_PADS[~len(message) & 15])
                packet = self._begins + numbers(sequence, len(message)) + message + AES_TRAILER
                inner, outer = self._begin_inner(), self._begin_outer()
                inner.update(packet)
                outer.update(inner.digest())
                return IPMI_HEADER + packet + outer.digest()[: self._signed]
            if self.confidentiality is not None:
                message = self.confidentiality.encrypt(message)
            packet = self._begins + numbers(sequence, len(message)) + message
        except struct.error:
            raise lan20.too_long(len(message)) from None
        if self._signed:
            packet += TRAILERS[len(message) & 3]
            packet += self.integrity.code(packet)
        return IPMI_HEADER + packet

    def unwrap_next(self, datagram: bytes) -> bytes | None:
        """What ``unwrap`` gives, for a packet with AES that comes next in turn and is made as nearly all are. None
        where it is not: nothing has changed then, and ``unwrap`` tells what it is worth."""
        window, chain_back, code_at = self.window, self._chain_back, self._code_at
        number, size = window.highest + 1, len(datagram) - self._around
        if chain_back is None:
            return _unwrapped(self, datagram) if datagram[5:6] == self._begins_inbound[5:6] else None
        if size & 15 or size < LEAST_BLOCKS:
            return None
        try:
            if not datagram.startswith(self._begins_inbound + numbers(number, size)):
                return None
        except struct.error:  # too long, or the last number of all has been
            return None
        inner, outer = self._begin_inner(), self._begin_outer()
        inner.update(datagram[4:code_at])
        outer.update(inner.digest())
        end = HEADER_SIZE + size
        if not same(AES_TRAILER + outer.digest()[: self._signed], datagram[end:]):
            return None
        plain = chain_back(datagram[HEADER_SIZE:end])
        if (pad := plain[-1]) > 15:
            return None
        if window.missing:
            window.mark(number)
        else:
            window.highest = number
        return plain[16:~pad]

    def unwrap(self, datagram: bytes) -> bytes:
        kind, session_id, sequence, payload = lan20.parse(datagram)
        if session_id != self.local_id:
            raise RemoteError(f"a packet of session 0x{session_id:08X} came, ours is 0x{self.local_id:08X}")
        if kind & 0xC0 != self.flags:
            raise BadSignature("the packet is not signed and encrypted as the session is")
        if not self.window.fresh(sequence):
            raise RemoteError(f"the sequence number {sequence} is a duplicate or outside the window")
        if self._signed:
            if not same(self.integrity.code(datagram[4 : self._code_at]), datagram[self._code_at :]):
                raise BadSignature("the integrity code of the packet does not fit")
            lan20.check_trailer(datagram, len(payload), self._signed)
        if self.confidentiality is not None:
            payload = self.confidentiality.decrypt(payload)
        self.window.mark(sequence)
        if kind & 0x3F != lan20.PAYLOAD_IPMI:
            raise RemoteError(f"a payload of type 0x{kind & 0x3F:02X} came, which nobody asked for")
        return payload
