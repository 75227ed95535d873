"""The conversation of a machine with its own BMC, through Linux's IPMI driver: no login, and no session at the BMC.

The driver numbers what it is asked, asks again by itself, and answers every request in the end, if only by a
completion code of its own: C3h after a time-out, FFh where the interface does not work. So a question is handed to it
once, and nothing is asked twice from here.
"""

from collections import OrderedDict
from typing import Any, NamedTuple

from ipmi_lab.commands.bmc import GetDeviceId
from ipmi_lab.commands.command import Request
from ipmi_lab.errors import LocalError, NoAnswer, RemoteError, SessionError
from ipmi_lab.packets import ipmb
from ipmi_lab.ports.driver import BMC_CHANNEL, EVERY, DriverMessage, Kind
from ipmi_lab.sessions import bridge
from ipmi_lab.sessions.bridge import Branch
from ipmi_lab.sessions.client import ClientSession
from ipmi_lab.sessions.events import Closed
from ipmi_lab.sessions.login import Login, Timing
from ipmi_lab.sessions.pending import Pending
from ipmi_lab.sessions.steps import Ask, Steps
from ipmi_lab.sessions.wrapping import SessionWrapping
from ipmi_lab.wire.codes import CompletionCode

GET_MESSAGE, READ_EVENT_MESSAGE_BUFFER = 0x33, 0x35
KEPT = {
    (bridge.APP, GET_MESSAGE): "It reads the BMC's queue itself.",
    (bridge.APP, bridge.SEND_MESSAGE): "Name the controllers on the way instead: bridge: in the inventory, "
    "or open:///dev/ipmi0?bridge=0x82@0.",
    (bridge.APP, READ_EVENT_MESSAGE_BUFFER): "It reads the BMC's event buffer itself.",
}
HINTS: dict[int, str] = {
    CompletionCode.TIMEOUT: "Linux's driver says so itself where nobody answered it in time.",
    CompletionCode.UNSPECIFIED_ERROR: "Linux's driver says so itself where the interface does not work: see dmesg.",
}
REMEMBERED = 1024


class Asked(NamedTuple):
    """What a request to the driver was: our request number, and whom it was for."""

    sequence_lun: int
    channel: int
    address: int


class LocalWrapping:
    """Turns messages into requests to the driver, and its answers into messages.

    The driver numbers requests to other controllers itself and so forbids Send Message: what is inside is handed to it
    with the controller's address, and it makes Send Message of it again.
    """

    bmc_session_id = 0

    def __init__(self) -> None:
        self._number = 0
        self._asked: OrderedDict[int, Asked] = OrderedDict()

    def wrap(self, message: bytes) -> bytes:
        frame, channel = ipmb.parse(message), BMC_CHANNEL
        if (frame.netfn, frame.command) == (bridge.APP, bridge.SEND_MESSAGE):
            channel = frame.data[0] & 0x0F
            frame = ipmb.parse(frame.data[1:])
        self._number = self._number % 0x7FFFFFFF + 1
        self._asked[self._number] = Asked(frame.sequence << 2 | frame.responder_lun, channel, frame.responder)
        if len(self._asked) > REMEMBERED:
            self._asked.popitem(last=False)
        return DriverMessage(
            Kind.REQUEST,
            self._number,
            frame.netfn,
            frame.command,
            frame.data,
            channel,
            frame.responder,
            frame.responder_lun,
        ).pack()

    def unwrap(self, datagram: bytes) -> bytes:
        came = DriverMessage.parse(datagram)
        if came.kind != Kind.RESPONSE:
            raise RemoteError(f"a message came from the driver that answers nothing: its kind is {came.kind}")
        asked = self._asked.pop(came.number, None)
        if asked is None:
            raise RemoteError(f"an answer came to the request {came.number}, which nobody made")
        if (came.channel, came.address) != (asked.channel, asked.address):
            raise RemoteError(f"an answer came from {came.address:02X}h on channel {came.channel}, which was not asked")
        return ipmb.pack(
            ipmb.CONSOLE, came.netfn << 2 & 0xFF, came.address, asked.sequence_lun, came.command, came.data
        )

    def sequence(self, number: int) -> int | None:
        """The request number of our own behind the driver's, or None where that one is not under way."""
        asked = self._asked.pop(number, None)
        return None if asked is None else asked.sequence_lun >> 2


class LocalSession(ClientSession):
    """The talk with the BMC of this machine. Whoever may open the device may do all that a system interface can."""

    hints = HINTS

    def __init__(self, login: Login, timing: Timing | None = None, **how: Any) -> None:
        self._local = LocalWrapping()
        super().__init__(login, timing, outside=self._local, **how)

    def _check(self, request: Request[Any], branch: Branch | None) -> None:
        kept = KEPT.get((request.netfn, request.command))
        if kept is not None and not (branch is not None and branch.route):
            raise LocalError("Linux's IPMI driver keeps this command for itself", hint=kept)

    def _opening(self) -> Steps[tuple[SessionWrapping, str]]:
        """There is nothing to open: ask who the BMC is, so that a dead one is found out now."""
        answer = yield Ask(GetDeviceId())
        if answer is None:
            raise NoAnswer("no BMC answers behind the device", hint="See dmesg for what the driver says.")
        if answer.code:
            raise SessionError(
                f"the BMC behind the device does not say who it is: {CompletionCode(answer.code).words} "
                f"(0x{answer.code:02X})",
                hint="It may be starting up, or not work: see dmesg for what the driver says.",
            )
        return self._local, "system interface, no login"

    def close(self, now: float) -> None:
        self._turn("close")
        self.abandon()
        self._tell(Closed(acknowledged=True))

    def deadline(self) -> float | None:
        return 0.0 if self._events else super().deadline()  # closing needs no answer: it has happened already

    # ------------------------------------------------------------------ what arrives

    def _take(self, datagram: bytes, now: float) -> None:
        came = DriverMessage.parse(datagram)
        if came.kind == Kind.REFUSED:
            self._refuse(came, now)
        else:
            self._answer(self._local.unwrap(datagram), self._local, now)

    def _refuse(self, came: DriverMessage, now: float) -> None:
        """The driver does not take a request: nobody will answer it, and it was not done."""
        if came.number == EVERY:
            sequences = list(self._open)
        else:
            sequence = self._local.sequence(came.number)
            sequences = [] if sequence is None else [sequence]
        for sequence in sequences:
            if sequence in self._open:
                self._give_up(self._open[sequence], now, refused=came.data.decode(errors="replace"))

    # ------------------------------------------------------------------ once is enough

    def _first_wait(self) -> float:
        return self.timing.budget

    def _overdue(self, pending: Pending, now: float) -> None:
        self._give_up(pending, now)

    def refused(self) -> None:
        """The driver says of each request by itself that it does not take it."""
