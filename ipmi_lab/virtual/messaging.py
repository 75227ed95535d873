"""The message queue, the event buffer and the system info of a virtual BMC."""

from collections import deque
from typing import TYPE_CHECKING

from ipmi_lab.commands.command import Done
from ipmi_lab.commands.event import PlatformEvent
from ipmi_lab.commands.messaging import (
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
    Tracking,
)
from ipmi_lab.commands.systeminfo import GetSystemInfo, SetSystemInfo, SystemInfo, SystemInfoCode, SystemInfoParameter
from ipmi_lab.errors import RemoteError
from ipmi_lab.packets import ipmb
from ipmi_lab.sessions.bmc import Asked
from ipmi_lab.virtual.controller import pass_on
from ipmi_lab.virtual.part import Answer, Part, answers
from ipmi_lab.wire.codes import CompletionCode, Privilege

if TYPE_CHECKING:
    from ipmi_lab.virtual.bmc import VirtualBmc

IPMB, LAN, SYSTEM_INTERFACE = 0, 1, 0x0F
MOST_MESSAGES, MOST_BLOCKS = 16, 17
SYSTEM_EVENT = 0x02


class Messaging(Part):
    """Requests to LUN 2 go into the queue for the machine's own software, which reads and answers them."""

    def __init__(self, bmc: "VirtualBmc") -> None:
        super().__init__(bmc)
        self.enables = GlobalEnables.decode(b"\x08")
        self.queue: deque[ReceivedMessage] = deque()
        self.event: bytes | None = None
        self.receiving = {SYSTEM_INTERFACE: True}
        self.info: dict[int, dict[int, bytes]] = {}

    def enqueue(self, asked: Asked) -> int:
        """Take a request for the machine's software; gives a completion code other than 0 where it cannot be taken."""
        session = asked.session
        if session is None or not self.receiving.get(SYSTEM_INTERFACE):
            return CompletionCode.DESTINATION_UNAVAILABLE
        if len(self.queue) >= MOST_MESSAGES:
            return CompletionCode.NODE_BUSY
        message = bytes((session.handle,)) + asked.message
        self.queue.append(ReceivedMessage(inferred_privilege=session.privilege, channel=LAN, message=message))
        return CompletionCode.OK

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
            oem_2=False,
            oem_1=False,
            oem_0=False,
            watchdog_pre_timeout=False,
            event_message_buffer_full=self.event is not None,
            receive_message_available=bool(self.queue),
        )

    @answers(ClearMessageFlags)
    def clear(self, ask: ClearMessageFlags) -> Done:
        if ask.receive_message_queue:
            self.queue.clear()
        if ask.event_message_buffer:
            self.event = None
        return Done()

    # ------------------------------------------------------------------ queue and event buffer

    @answers(EnableMessageChannelReceive)
    def receive(self, ask: EnableMessageChannelReceive) -> Answer:
        if ask.channel not in (IPMB, LAN, SYSTEM_INTERFACE) or ask.state > ChannelReceive.GET_STATE:
            return CompletionCode.INVALID_DATA_FIELD
        if ask.state != ChannelReceive.GET_STATE:
            self.receiving[ask.channel] = ask.state == ChannelReceive.ENABLE
        return MessageChannelReceive(channel=ask.channel, enabled=self.receiving.get(ask.channel, False))

    @answers(GetMessage)
    def get(self, ask: GetMessage) -> Answer:
        return self.queue.popleft() if self.queue else EmptyCode.EMPTY

    @answers(SendMessage)
    def send(self, ask: SendMessage) -> Answer:
        asking = self.bmc.asking.session
        if asking is not None and ask.channel != SYSTEM_INTERFACE and asking.privilege < Privilege.OPERATOR:
            return CompletionCode.INSUFFICIENT_PRIVILEGE
        if ask.channel == IPMB or ask.channel in {c.channel for c in self.bmc.profile.controllers}:
            return self._bridge(ask)
        if ask.channel != LAN:
            return CompletionCode.INVALID_DATA_FIELD
        session = next((s for s in self.bmc.sessions.open.values() if ask.message[:1] == bytes((s.handle,))), None)
        if session is None:
            return SendMessageCode.INVALID_SESSION_HANDLE
        try:
            ipmb.check(ask.message[1:])
        except RemoteError:
            return CompletionCode.INVALID_DATA_FIELD
        self.bmc.sessions.send(session.address, session.wrapping.wrap(ask.message[1:]))
        return SentMessage()

    def _bridge(self, ask: SendMessage) -> Answer:
        """Pass a message on over the bus; the controller's answer follows ours in the same session."""
        session = self.bmc.asking.session
        try:
            answer = pass_on(self.bmc.profile.controllers, ask.channel, ask.message)
        except RemoteError:
            return CompletionCode.INVALID_DATA_FIELD
        if isinstance(answer, int):
            return answer
        if session is not None and ask.tracking == Tracking.TRACK_REQUEST:
            sessions = self.bmc.sessions
            self.bmc.afterwards(lambda: sessions.send(session.address, session.wrapping.wrap(answer)))
        return SentMessage()

    @answers(PlatformEvent)
    def happened(self, ask: PlatformEvent) -> Answer:
        if not 1 <= len(ask.data) <= 3:
            return CompletionCode.REQUEST_DATA_LENGTH_INVALID
        if self.enables.event_message_buffer and self.event is None:
            head = b"\xff\xff" + bytes((SYSTEM_EVENT,)) + bytes(4) + b"\x41\x00"
            self.event = (head + ask.encode()[:4] + ask.data).ljust(16, b"\xff")
        return Done()

    @answers(ReadEventMessageBuffer)
    def read_event(self, ask: ReadEventMessageBuffer) -> Answer:
        event, self.event = self.event, None
        return EmptyCode.EMPTY if event is None else ReadEventMessage(record=event)

    # ------------------------------------------------------------------ interfaces

    @answers(GetBtInterfaceCapabilities)
    def bt(self, ask: GetBtInterfaceCapabilities) -> Answer:
        return CompletionCode.INVALID_COMMAND  # this machine has KCS

    @answers(GetSystemInterfaceCapabilities)
    def interface(self, ask: GetSystemInterfaceCapabilities) -> Answer:
        if ask.interface != SystemInterface.KCS:
            return CompletionCode.INVALID_DATA_FIELD
        return SystemInterfaceCapabilities(transactions=0, pec=False, version=0, input_size=255)

    # ------------------------------------------------------------------ system info

    @answers(SetSystemInfo)
    def set_info(self, ask: SetSystemInfo) -> Answer:
        if ask.parameter == SystemInfoParameter.SET_IN_PROGRESS:
            return Done()
        if ask.parameter > SystemInfoParameter.MANAGEMENT_URL:
            return SystemInfoCode.PARAMETER_NOT_SUPPORTED
        if not 2 <= len(ask.data) <= MOST_BLOCKS:
            return CompletionCode.REQUEST_DATA_LENGTH_INVALID
        if ask.data[0] >= MOST_BLOCKS:
            return CompletionCode.PARAMETER_OUT_OF_RANGE
        self.info.setdefault(ask.parameter, {})[ask.data[0]] = ask.data[1:].ljust(16, b"\0")
        return Done()

    @answers(GetSystemInfo)
    def get_info(self, ask: GetSystemInfo) -> Answer:
        if ask.parameter > SystemInfoParameter.MANAGEMENT_URL:
            return SystemInfoCode.PARAMETER_NOT_SUPPORTED
        if ask.revision_only:
            return SystemInfo(revision=0x11)
        if ask.parameter == SystemInfoParameter.SET_IN_PROGRESS:
            return SystemInfo(revision=0x11, data=b"\0")
        block = self.info.get(ask.parameter, {}).get(ask.set_selector, bytes(16))
        if ask.set_selector >= MOST_BLOCKS:
            return CompletionCode.PARAMETER_OUT_OF_RANGE
        return SystemInfo(revision=0x11, data=bytes((ask.set_selector,)) + block)
