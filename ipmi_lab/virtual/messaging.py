"""The flags, the message queue and the event buffer of a virtual BMC."""

from collections import deque
from typing import TYPE_CHECKING, get_args

from ipmi_lab.commands.command import Done
from ipmi_lab.commands.event import PlatformEvent
from ipmi_lab.commands.messaging import (
    BtInterfaceCapabilities,
    ChannelReceive,
    ClearMessageFlags,
    EmptyCode,
    EnableMessageChannelReceive,
    GetBmcGlobalEnables,
    GetBtInterfaceCapabilities,
    GetMessage,
    GetMessageFlags,
    GetSystemInterfaceCapabilities,
    GlobalEnables,
    MessageChannelReceive,
    MessageFlags,
    ReadEventMessage,
    ReadEventMessageBuffer,
    ReceivedMessage,
    SendMessage,
    SendMessageCode,
    SentMessage,
    SetBmcGlobalEnables,
    SystemInterface,
    SystemInterfaceCapabilities,
    Transactions,
)
from ipmi_lab.errors import LocalError, RemoteError, did_you_mean
from ipmi_lab.packets import ipmb
from ipmi_lab.sessions.bmc import Asked
from ipmi_lab.sessions.table import BmcSession
from ipmi_lab.virtual.part import Answer, Part, answers
from ipmi_lab.virtual.profile import MessageFlag
from ipmi_lab.wire.codes import CompletionCode, Privilege

if TYPE_CHECKING:
    from ipmi_lab.virtual.bmc import VirtualBmc

IPMB, SYSTEM_INTERFACE = 0, 0x0F
MOST_MESSAGES = 16
SENSOR_CLOCK = 0x2000_0000  # time stamps below it count seconds since the start
SYSTEM_EVENT = 0x02
INTERFACES = {"ssif": SystemInterface.SSIF, "kcs": SystemInterface.KCS, "smic": SystemInterface.SMIC}
LARGEST = 255
RAISED: list[str] = list(get_args(MessageFlag))


class Messaging(Part):
    """Requests to LUN 2 go into the queue for the machine's own software, which reads and answers them.

    ``raised`` holds the flags that something else than queue and buffer raises, by the names that they have in
    ``MessageFlags``: ``raise_flags`` puts them in, Clear Message Flags takes them out.
    """

    def __init__(self, bmc: "VirtualBmc") -> None:
        super().__init__(bmc)
        self.reset()

    def reset(self) -> None:
        self.enables = GlobalEnables.decode(b"\x08")
        self.queue: deque[ReceivedMessage] = deque()
        self.event: bytes | None = None
        of_sessions = dict.fromkeys(self.bmc.channels.accounts, False)
        self.receiving = {IPMB: True, SYSTEM_INTERFACE: True} | of_sessions
        self.raised: set[str] = set(self.bmc.profile.message_flags)

    def raise_flags(self, *names: str) -> None:
        """Raise flags as a watchdog before its time-out does (``watchdog_pre_timeout``), or events of a maker's own
        (``oem_0`` to ``oem_2``). May be called from any thread while the BMC answers; LocalError for another name."""
        for name in names:
            if name not in RAISED:
                raise LocalError(f"{name!r} is no message flag that can be raised", hint=did_you_mean(name, RAISED))
        self.raised.update(names)

    def enqueue(self, asked: Asked) -> int:
        """Take a request for the machine's software; gives a completion code other than 0 where it cannot be taken."""
        session, channel = asked.session, self.bmc.channels.of(asked.address)
        if session is None or not (self.receiving[channel] and self.receiving[SYSTEM_INTERFACE]):
            return CompletionCode.DESTINATION_UNAVAILABLE
        return self.queue_up(channel, bytes((session.handle,)) + asked.message, session.rights)

    # ------------------------------------------------------------------ flags

    @answers(GetBmcGlobalEnables)
    def get_enables(self, ask: GetBmcGlobalEnables) -> GlobalEnables:
        return self.enables

    @answers(SetBmcGlobalEnables)
    def set_enables(self, ask: SetBmcGlobalEnables) -> Done:
        self.enables = GlobalEnables.decode(ask.encode())
        return Done()

    @answers(GetMessageFlags)
    def flags(self, ask: GetMessageFlags) -> MessageFlags:
        return MessageFlags(
            **{name: name in self.raised for name in RAISED},
            event_message_buffer_full=self.event is not None,
            receive_message_available=bool(self.queue),
        )

    @answers(ClearMessageFlags)
    def clear(self, ask: ClearMessageFlags) -> Done:
        if ask.receive_message_queue:
            self.queue.clear()
        if ask.event_message_buffer:
            self.event = None
        self.raised.difference_update({name for name in RAISED if ask[name]})
        return Done()

    # ------------------------------------------------------------------ queue and event buffer

    @answers(EnableMessageChannelReceive)
    def receive(self, ask: EnableMessageChannelReceive) -> Answer:
        if ask.channel not in (IPMB, SYSTEM_INTERFACE):
            self.bmc.channels.check(ask.channel)
        if ask.state > ChannelReceive.GET_STATE:
            return CompletionCode.INVALID_DATA_FIELD
        if ask.state != ChannelReceive.GET_STATE:
            self.receiving[ask.channel] = ask.state == ChannelReceive.ENABLE
        return MessageChannelReceive(channel=ask.channel, enabled=self.receiving[ask.channel])

    @answers(GetMessage)
    def get(self, ask: GetMessage) -> Answer:
        return self.queue.popleft() if self.queue else EmptyCode.EMPTY

    @answers(SendMessage)
    def send(self, ask: SendMessage) -> Answer:
        asking = self.bmc.asking.session
        if asking is not None and ask.channel != SYSTEM_INTERFACE and asking.rights < Privilege.OPERATOR:
            return CompletionCode.INSUFFICIENT_PRIVILEGE
        if ask.channel == SYSTEM_INTERFACE:
            return self._to_software(ask)
        if self.bmc.bridging.serves(ask.channel):
            return self.bmc.bridging.send(ask)
        self.bmc.channels.check(ask.channel)
        session = self._session(ask.channel, ask.message[:1])
        if session is None:
            return SendMessageCode.INVALID_SESSION_HANDLE
        try:
            ipmb.check(ask.message[1:])
        except RemoteError:
            return CompletionCode.INVALID_DATA_FIELD
        self.bmc.sessions.send(session.address, session.wrapping.wrap(ask.message[1:]))
        return SentMessage()

    def _session(self, channel: int, handle: bytes) -> BmcSession | None:
        """The session of a channel that has a handle, also that of nobody on a line without a login."""
        line = None if self.bmc.line is None else self.bmc.line.session
        known = [*self.bmc.sessions.open.values(), *([] if line is None else [line])]
        of = self.bmc.channels.of
        return next((each for each in known if bytes((each.handle,)) == handle and of(each.address) == channel), None)

    def _to_software(self, ask: SendMessage) -> Answer:
        """Put a message into the queue of the machine's software, with the handle of the session that it came by."""
        session = self.bmc.asking.session
        if session is None or not self.receiving.get(SYSTEM_INTERFACE):
            return CompletionCode.DESTINATION_UNAVAILABLE
        channel = self.bmc.channels.of(session.address)
        code = self.queue_up(channel, bytes((session.handle,)) + ask.message, session.rights)
        return code or SentMessage()

    def queue_up(self, channel: int, message: bytes, privilege: Privilege = Privilege.HIGHEST) -> int:
        """Put a message into the queue; gives a completion code other than 0 where it is full."""
        if len(self.queue) >= MOST_MESSAGES:
            return CompletionCode.NODE_BUSY
        self.queue.append(ReceivedMessage(inferred_privilege=privilege, channel=channel, message=message))
        return CompletionCode.OK

    @answers(PlatformEvent)
    def happened(self, ask: PlatformEvent) -> Answer:
        if not 1 <= len(ask.data) <= 3:
            return CompletionCode.REQUEST_DATA_LENGTH_INVALID
        stamp = (int(self.bmc.asking.now) % SENSOR_CLOCK).to_bytes(4, "little")
        channel = self.bmc.channels.of(self.bmc.asking.address)
        head = b"\xff\xff" + bytes((SYSTEM_EVENT,)) + stamp + bytes((self.bmc.asking.requester, channel << 4))
        record = (head + ask.encode()).ljust(16, b"\xff")
        if self.enables.event_message_buffer and self.event is None:
            self.event = record
        if self.enables.event_logging:
            self.bmc.sel.log(record)
        return Done()

    @answers(ReadEventMessageBuffer)
    def read_event(self, ask: ReadEventMessageBuffer) -> Answer:
        event, self.event = self.event, None
        return EmptyCode.EMPTY if event is None else ReadEventMessage(record=event)

    # ------------------------------------------------------------------ interfaces

    @answers(GetBtInterfaceCapabilities)
    def bt(self, ask: GetBtInterfaceCapabilities) -> Answer:
        if self.bmc.profile.system_interface != "bt":
            return CompletionCode.INVALID_COMMAND
        return BtInterfaceCapabilities(
            outstanding_requests=1, input_size=LARGEST, output_size=LARGEST, response_time=5, retries=1
        )

    @answers(GetSystemInterfaceCapabilities)
    def interface(self, ask: GetSystemInterfaceCapabilities) -> Answer:
        """Of the interface that the machine has; BT is asked by a command of its own."""
        if INTERFACES.get(self.bmc.profile.system_interface) != ask.interface:
            return CompletionCode.INVALID_DATA_FIELD
        if ask.interface == SystemInterface.SSIF:
            parts = Transactions.START_MIDDLE_AND_END
            return SystemInterfaceCapabilities(transactions=parts, pec=True, input_size=LARGEST, output_size=LARGEST)
        return SystemInterfaceCapabilities(input_size=LARGEST)
