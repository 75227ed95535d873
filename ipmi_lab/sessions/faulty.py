"""IPMI 1.5 packets as BMCs send them that do something wrong: what a virtual BMC plays under the quirk's name."""

from ipmi_lab.packets import lan15
from ipmi_lab.sessions.crypto import authentication_code
from ipmi_lab.sessions.userlevel import UserLevel15
from ipmi_lab.sessions.window import following
from ipmi_lab.sessions.wrapping import swapped


class FaultyLan15(UserLevel15):
    """The BMC's end of a session; ``signed`` is the type that it really signs with, ``faults`` what it does wrong."""

    signed = 0
    faults: frozenset[str] = frozenset()

    def wrap(self, message: bytes) -> bytes:
        sequence = self.sequence
        self.sequence = following(sequence)
        wire = swapped(sequence) if "endianseq" in self.faults else sequence
        kind = self.signed if "unexpectedauth" in self.faults else 0 if self.unsigned else self.authentication
        code = authentication_code(kind, self.password, self.session_id, wire, message) if kind else b""
        if "noauthcodecheck" in self.faults and code:
            code = bytes((code[0] ^ 0xFF,)) + code[1:]
        return lan15.pack(kind, wire, self.session_id, code, message)
