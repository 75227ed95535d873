"""Whoever answers commands: a virtual BMC, or a controller behind it."""

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ipmi_lab.commands.command import Request
from ipmi_lab.commands.messaging import SendMessage, SentMessage
from ipmi_lab.errors import IpmiLabError, RemoteError
from ipmi_lab.packets import ipmb
from ipmi_lab.virtual.bus import Bus, Outstanding
from ipmi_lab.virtual.i2c import I2cBuses
from ipmi_lab.virtual.identity import Identity
from ipmi_lab.virtual.part import Answer, ControllerPart, Refuse, answers
from ipmi_lab.wire.codes import CompletionCode

if TYPE_CHECKING:
    from ipmi_lab.sessions.bmc import Asked
    from ipmi_lab.sessions.table import BmcSession
    from ipmi_lab.virtual.profile import ControllerProfile, PartsProfile

Slot = tuple[type[Request[Any]], Callable[[Any], Answer]]


class Asking(NamedTuple):
    """Who asks at this moment, from where, and when; ``requester`` is the address or software id in the message,
    ``asked`` what came, where it came in a session's packet."""

    session: "BmcSession | None"
    address: Hashable
    now: float
    requester: int = 0
    asked: "Asked | None" = None


class Controller:
    """Holds parts, asks each for its methods that answer, and keeps the rules that hold for every command."""

    parts: Sequence[ControllerPart] = ()

    def __init__(self, profile: "PartsProfile") -> None:
        self.profile = profile
        self.asking = Asking(None, None, 0.0)
        self._slots: dict[tuple[int, int, bytes], Slot] = {}
        self._afterwards: list[Callable[[], None]] = []

    def _hold(self, parts: Sequence[ControllerPart]) -> None:
        self.parts = parts
        self._slots = {
            (command.netfn, command.command, command.prefix): (command, method)
            for part in parts
            for command, method in part.slots()
        }

    def slot(self, frame: ipmb.Frame) -> Slot | tuple[None, None]:
        """The command that a frame asks, and the method that answers it."""
        return self._slots.get((frame.netfn, frame.command, _body(frame)), (None, None))

    def afterwards(self, what: Callable[[], None]) -> None:
        """Do something when the answer is on its way, such as forgetting the session that asked."""
        self._afterwards.append(what)

    def _do_afterwards(self) -> None:
        for what in self._afterwards:
            what()
        self._afterwards.clear()

    def reset(self) -> None:
        """Start anew: what is volatile is gone."""
        for part in self.parts:
            part.reset()

    def refusal(self, command: type[Request[Any]]) -> int:
        """The completion code for who may not ask this, or 0."""
        return 0

    def data(self, frame: ipmb.Frame) -> bytes | None:
        """Completion code and data, by the rules of a real BMC: known, allowed, long enough, sensible; None where the
        answer comes later."""
        command, method = self.slot(frame)
        if command is None or method is None:
            return bytes((CompletionCode.INVALID_COMMAND,))
        if frame.responder_lun:
            return bytes((CompletionCode.INVALID_COMMAND_FOR_LUN,))
        refused = self.refusal(command)
        if refused:
            return bytes((refused,))
        try:
            ask = command.decode(frame.data[len(command.prefix) :])
            if len(ask.encode()) != len(frame.data):
                return bytes((CompletionCode.REQUEST_DATA_LENGTH_INVALID,))
        except IpmiLabError:
            return bytes((CompletionCode.REQUEST_DATA_LENGTH_INVALID,))
        try:
            answer = method(ask)
        except Refuse as refusal:
            return bytes((refusal.code,)) + refusal.data
        return None if answer is None else encoded(command, answer)


def encoded(command: type[Request[Any]], answer: "Answer") -> bytes:
    """Completion code and data of an answer."""
    if isinstance(answer, int):
        return bytes((answer,))
    assert answer is not None
    return b"\0" + command.prefix + answer.encode()


def _body(frame: ipmb.Frame) -> bytes:
    """The defining body of group and OEM commands, which is a part of their number."""
    return frame.data[: {0x2C: 1, 0x2E: 3}.get(frame.netfn, 0)]


class Satellite(Controller):
    """A controller on the bus of another one: it says who it is, reaches I2C buses of its own, and passes messages on
    to what is behind it."""

    def __init__(self, profile: "ControllerProfile") -> None:
        super().__init__(profile)
        self.delay = profile.delay
        self.took = 0.0
        self._hold([Identity(self), I2cBuses(self), Transit(self)])

    def receive(self, message: bytes, now: float) -> tuple[float, bytes] | None:
        """The seconds that its answer takes, and the answer; None where it stays silent."""
        frame = ipmb.parse(message)
        self.asking = Asking(None, frame.requester, now, frame.requester)
        self.took = self.delay
        data = self.data(frame)
        self._do_afterwards()
        return None if data is None else (self.took, ipmb.pack_answer(frame, data))


class Transit(ControllerPart):
    """Passes messages on under numbers of its own, and puts the answers into its own answer to Send Message."""

    bmc: Satellite

    def __init__(self, bmc: Satellite) -> None:
        super().__init__(bmc)
        self.bus = Bus([(each.channel, each.address, Satellite(each)) for each in bmc.profile.controllers])
        self.outstanding = Outstanding()

    @answers(SendMessage)
    def send(self, ask: SendMessage) -> Answer:
        now = self.bmc.asking.now
        try:
            asked = ipmb.parse(ask.message)
            number = self.outstanding.put(asked, None, now)
            got = self.bus.carry(ask.channel, Outstanding.renumbered(asked, number), now)
        except RemoteError:
            return CompletionCode.INVALID_DATA_FIELD
        if isinstance(got, int):
            self.outstanding.drop(number)
            return got
        if got is None:
            return None
        self.bmc.took += got[0]
        return self._inside(got[1], now)

    def _inside(self, answer: bytes, now: float) -> Answer:
        found = self.outstanding.take(answer, now)
        if found is None:
            return CompletionCode.TIMEOUT
        return SentMessage(message=Outstanding.restored(found, answer))
