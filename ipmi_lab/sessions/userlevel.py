"""The BMC's end of an IPMI 1.5 session on a channel that does not want its users' packets signed. IPMI 2.0 §6.12.9."""

from ipmi_lab.packets import lan15
from ipmi_lab.sessions.wrapping import Lan15


class UserLevel15(Lan15):
    """``lenient`` takes packets without a code beside the signed ones; ``unsigned`` says whether the one in hand came
    without, as its answer goes out then. A code that came is verified all the same."""

    lenient = False
    unsigned = False

    def check_code(self, packet: lan15.Packet) -> None:
        self.unsigned = self.lenient and not packet.authentication
        if not self.unsigned:
            super().check_code(packet)
