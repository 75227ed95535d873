"""Puts messages into session packets and takes them out again: one class a packet format, the same for both ends.

A received datagram passes, in this order: length, RMCP class, session id, sequence window, authentication code,
decryption, pad. Whatever fails raises RemoteError and changes nothing; the caller counts it and waits on.
"""

import struct
from typing import Protocol

from ipmi_lab.errors import BadSignature, RemoteError
from ipmi_lab.packets import lan15, lan20
from ipmi_lab.packets.lan20 import AUTHENTICATED, HEADER_SIZE, NUMBERS, NUMBERS_AT, PADS
from ipmi_lab.packets.rmcp import IPMI_HEADER
from ipmi_lab.secret import same
from ipmi_lab.sessions.crypto import DIGESTS, Confidentiality, Integrity, authenticator
from ipmi_lab.sessions.window import LAST, Window

numbers, numbers_of = NUMBERS.pack, NUMBERS.unpack_from


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
            raise RemoteError(f"a packet of session 0x{packet.session_id:08X} came outside a session")
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
        self.begins: bytes | tuple[()] = IPMI_HEADER + bytes((authentication,)) if authentication else ()
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

    def unwrap(self, datagram: bytes) -> bytes:
        return self.unwrap_known(datagram)

    def unwrap_known(self, datagram: bytes) -> bytes:
        """The message of any packet: there is no shorter way for those that are known to begin as the session's do."""
        quirks, window = self.quirks, self.window
        packet = lan15.fields(datagram, not quirks or "nosdulength" not in quirks)
        _, sequence, session_id, _, message = packet
        if session_id != self.session_id and (session_id or "idzero" not in quirks):
            raise RemoteError(f"a packet of session 0x{session_id:08X} came, ours is 0x{self.session_id:08X}")
        if quirks and "endianseq" in quirks:
            sequence = swapped(sequence)
        in_turn = window is not None and sequence == window.highest + 1
        if window is not None and not in_turn and not window.fresh(sequence):
            raise RemoteError(f"the sequence number {sequence} is a duplicate or outside the window")
        self.check_code(packet)
        if window is not None:
            if in_turn and not window.missing:
                window.highest = sequence
            else:
                window.mark(sequence)
        return message

    def check_code(self, packet: lan15.Fields) -> None:
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
        self._sign, self._signed = integrity
        self._encrypt = confidentiality.encrypt if confidentiality is not None else None
        self._decrypt = confidentiality.decrypt if confidentiality is not None else None
        self.flags = (AUTHENTICATED if integrity.size else 0) | (lan20.ENCRYPTED if confidentiality else 0)
        self.begins: bytes | tuple[()] = lan20.begin(self.flags, local_id)
        self._begins = lan20.begin(self.flags, remote_id)[4:]

    @property
    def bmc_session_id(self) -> int:
        return self.remote_id

    def wrap(self, message: bytes) -> bytes:
        sequence, encrypt = self.sequence, self._encrypt
        self.sequence = 1 if sequence == LAST else sequence + 1  # ``following``, without a call for each packet
        if encrypt is not None:
            message = encrypt(message)
        size, signed = len(message), self._signed
        try:
            packet = self._begins + numbers(sequence, size) + message
        except struct.error:
            raise lan20.too_long(size) from None
        if not signed:
            return IPMI_HEADER + packet
        packet, signing = packet + PADS[size & 3], self._sign()
        signing.update(packet)
        return IPMI_HEADER + packet + signing.finalize()[:signed]

    def unwrap(self, datagram: bytes) -> bytes:
        other = "" if datagram.startswith(self.begins) else self._other_payload(datagram)
        message = self.unwrap_known(datagram)
        if other:
            raise RemoteError(other)
        return message

    def unwrap_known(self, datagram: bytes) -> bytes:
        """The message of a packet that is known to begin as those of this session do."""
        try:
            sequence, size = numbers_of(datagram, NUMBERS_AT)
        except struct.error:
            raise lan20.too_short(datagram) from None
        window, came, end = self.window, len(datagram), HEADER_SIZE + size
        if came < end:
            raise lan20.too_short(datagram, size)
        in_turn = sequence == window.highest + 1
        if not in_turn and not window.fresh(sequence):
            raise RemoteError(f"the sequence number {sequence} is a duplicate or outside the window")
        if signed := self._signed:
            code_at, signing = came - signed, self._sign()
            signing.update(datagram[4:code_at])
            if not same(signing.finalize()[:signed], datagram[code_at:]):
                raise BadSignature("the integrity code of the packet does not fit")
            if datagram[end:code_at] != PADS[size & 3]:  # other pads are no fault
                lan20.check_trailer(datagram, size, signed)
        payload = datagram[HEADER_SIZE:end]
        if (decrypt := self._decrypt) is not None:
            payload = decrypt(payload)
        if in_turn and not window.missing:
            window.highest = sequence
        else:
            window.mark(sequence)
        return payload

    def _other_payload(self, datagram: bytes) -> str:
        """What a packet carries that begins in another way: empty where it is a message all the same; RemoteError where
        it is not of the session."""
        kind, session_id, _, _ = lan20.parse(datagram)
        if session_id != self.local_id:
            raise RemoteError(f"a packet of session 0x{session_id:08X} came, ours is 0x{self.local_id:08X}")
        if kind & 0xC0 != self.flags:
            raise BadSignature("the packet is not signed and encrypted as the session is")
        if kind & 0x3F == lan20.PAYLOAD_IPMI:  # under an RMCP header of another sequence number
            return ""
        return f"a payload of type 0x{kind & 0x3F:02X} came, which nobody asked for"
