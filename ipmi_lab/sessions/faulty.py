"""A BMC's packets and messages with something wrong in them: what a virtual BMC plays under the quirk's name."""

from ipmi_lab.packets import ipmb, lan15
from ipmi_lab.sessions.crypto import authentication_code
from ipmi_lab.sessions.userlevel import UserLevel15
from ipmi_lab.sessions.window import following
from ipmi_lab.sessions.wrapping import swapped

HEADER = 14  # of an IPMI 1.5 packet without authentication code; the message's length is its last byte


class FaultyLan15(UserLevel15):
    """The BMC's end of a session; ``signed`` is the type that it really signs with, ``faults`` what it does wrong."""

    signed = 0
    faults: frozenset[str] = frozenset()

    def wrap(self, message: bytes) -> bytes:
        sequence = self.sequence
        self.sequence = following(sequence)
        wire = swapped(sequence) if "endianseq" in self.faults else sequence
        session_id = 0 if "idzero" in self.faults else self.session_id
        kind = self.signed if "unexpectedauth" in self.faults else 0 if self.unsigned else self.authentication
        code = authentication_code(kind, self.password, session_id, wire, message) if kind else b""
        if "noauthcodecheck" in self.faults and code:
            code = bytes((code[0] ^ 0xFF,)) + code[1:]
        datagram = lan15.pack(kind, wire, session_id, code, message)
        if "nosdulength" in self.faults:
            length = HEADER - 1 + len(code)
            datagram = datagram[:length] + bytes((len(message) - 1,)) + datagram[length + 1 :]
        return datagram


def answer(request: ipmb.Frame, data: bytes, faults: frozenset[str]) -> bytes:
    """The answer to a request, as a BMC with these faults writes it."""
    if "norqseq" in faults:
        request = request._replace(sequence=request.sequence ^ 0x20)
    message = ipmb.pack_answer(request, data)
    if "nochecksumcheck" in faults:
        message = message[:2] + bytes((message[2] ^ 0xFF,)) + message[3:-1] + bytes((message[-1] ^ 0xFF,))
    return message
