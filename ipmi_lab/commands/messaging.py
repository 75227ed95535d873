"""Messages through the BMC: its flags, its queue and its event buffer, and what its interfaces can take."""

from typing import Annotated, Any

from ipmi_lab.commands.command import CommandCode, Done, Permission, Request, Response
from ipmi_lab.wire.codes import NetFn, OpenEnum, Privilege
from ipmi_lab.wire.fields import U8, Bit, Bits, Bits2, Bits3, Bits4, Bits6, Bits7, Bytes16, Rest


class GlobalEnables(Response):
    """What the BMC may do by itself: log events, keep an event for software, interrupt the machine."""

    oem_2: Bit
    oem_1: Bit
    oem_0: Bit
    _1: Bit = False
    event_logging: Bit
    event_message_buffer: Bit
    event_message_buffer_interrupt: Bit
    receive_message_queue_interrupt: Bit


class GetBmcGlobalEnables(Request[GlobalEnables], netfn=NetFn.APP, command=0x2F):
    """Ask what the BMC may do by itself. IPMI 2.0 §22.2."""


class SetBmcGlobalEnables(
    Request[Done], netfn=NetFn.APP, command=0x2E, needs="write", repeat=True, privilege=Privilege.ADMINISTRATOR
):
    """Say what the BMC may do by itself; read it first and keep what is not to change. IPMI 2.0 §22.1."""

    oem_2: Bit = False
    oem_1: Bit = False
    oem_0: Bit = False
    _1: Bit = False
    event_logging: Bit = True
    event_message_buffer: Bit = False
    event_message_buffer_interrupt: Bit = False
    receive_message_queue_interrupt: Bit = False


class ClearMessageFlags(
    Request[Done], netfn=NetFn.APP, command=0x30, needs="write", repeat=True, privilege=Privilege.ADMINISTRATOR
):
    """Clear flags; with those of buffer and queue goes what is in them. IPMI 2.0 §22.3."""

    oem_2: Bit = False
    oem_1: Bit = False
    oem_0: Bit = False
    _1: Bit = False
    watchdog_pre_timeout: Bit = False
    _2: Bit = False
    event_message_buffer: Bit = False
    receive_message_queue: Bit = False


class MessageFlags(Response):
    """What waits to be read."""

    oem_2: Bit
    oem_1: Bit
    oem_0: Bit
    _1: Bit = False
    watchdog_pre_timeout: Bit
    _2: Bit = False
    event_message_buffer_full: Bit
    receive_message_available: Bit


class GetMessageFlags(Request[MessageFlags], netfn=NetFn.APP, command=0x31, privilege=Privilege.ADMINISTRATOR):
    """Ask what waits to be read; many BMCs answer this only to their own machine. IPMI 2.0 §22.4."""


class ChannelReceive(OpenEnum):
    """What is done with the reception of messages of a channel."""

    DISABLE = 0
    ENABLE = 1
    GET_STATE = 2


class MessageChannelReceive(Response):
    """Whether messages of a channel are taken into the queue."""

    _1: Bits4 = 0
    channel: Bits4
    _2: Bits7 = 0
    enabled: Bit


class EnableMessageChannelReceive(
    Request[MessageChannelReceive],
    netfn=NetFn.APP,
    command=0x32,
    needs="write",
    repeat=True,
    privilege=Privilege.ADMINISTRATOR,
):
    """Let messages of a channel into the queue, keep them out, or ask how it is. IPMI 2.0 §22.5."""

    _1: Bits4 = 0
    channel: Bits4
    _2: Bits6 = 0
    state: Annotated[ChannelReceive, Bits(2)]

    def permission(self) -> Permission:
        return "" if self.state == ChannelReceive.GET_STATE else self.needs


class EmptyCode(CommandCode):
    """What reading from an empty queue or buffer answers."""

    EMPTY = 0x80


class ReceivedMessage(Response):
    """A message out of the queue, with the channel that it came by and the rights of who sent it."""

    inferred_privilege: Annotated[Privilege, Bits(4)]
    channel: Bits4
    message: Rest = b""


class GetMessage(
    Request[ReceivedMessage],
    netfn=NetFn.APP,
    command=0x33,
    repeat=False,
    privilege=Privilege.ADMINISTRATOR,
    codes=EmptyCode,
):
    """Take the oldest message out of the receive queue: asked twice, one would be lost. IPMI 2.0 §22.6."""


class Tracking(OpenEnum):
    """Whether the BMC remembers who asked, and brings the answer."""

    NONE = 0
    TRACK_REQUEST = 1
    SEND_RAW = 2


class SendMessageCode(CommandCode):
    """What only Send Message answers."""

    INVALID_SESSION_HANDLE = 0x80
    LOST_ARBITRATION = 0x81
    BUS_ERROR = 0x82
    NAK_ON_WRITE = 0x83


class SentMessage(Response):
    """Nothing, or the whole answer at controllers that put it here."""

    message: Rest = b""


SHORTEST_INNER = 7


class SendMessage(
    Request[SentMessage],
    netfn=NetFn.APP,
    command=0x34,
    needs="raw",
    repeat=False,
    privilege=Privilege.USER,
    codes=SendMessageCode,
):
    """Pass a message on to another channel; it needs the permission of what it carries. IPMI 2.0 §22.7."""

    tracking: Annotated[Tracking, Bits(2)] = Tracking.NONE
    encrypted: Bit = False
    authenticated: Bit = False
    channel: Bits4
    message: Rest

    def _inner(self) -> Request[Any] | None:
        """The request inside, where it is one that we know; sessions' channels put a handle before it."""
        from ipmi_lab.commands.raw import Raw
        from ipmi_lab.errors import LocalError

        for frame in (self.message, self.message[1:]):
            fits = len(frame) >= SHORTEST_INNER and not sum(frame[:3]) & 0xFF and not sum(frame[3:]) & 0xFF
            try:
                if fits:
                    return Raw(frame[1] >> 2, frame[5], frame[6:-1])
            except LocalError:
                continue  # an answer, which changes nothing by itself but is no request that we know either
        return None

    def permission(self) -> Permission:
        inner = self._inner()
        return self.needs if inner is None else inner.permission()

    def secret(self) -> bool:
        inner = self._inner()
        return inner is not None and inner.secret()


class ReadEventMessage(Response):
    """An event as a SEL record of 16 bytes."""

    record: Bytes16


class ReadEventMessageBuffer(
    Request[ReadEventMessage],
    netfn=NetFn.APP,
    command=0x35,
    repeat=False,
    privilege=Privilege.ADMINISTRATOR,
    codes=EmptyCode,
):
    """Take the event out of the event message buffer: asked twice, one would be lost. IPMI 2.0 §22.8."""


class BtInterfaceCapabilities(Response):
    """Sizes in bytes, times in seconds."""

    outstanding_requests: U8
    input_size: U8
    output_size: U8
    response_time: U8
    retries: U8


class GetBtInterfaceCapabilities(Request[BtInterfaceCapabilities], netfn=NetFn.APP, command=0x36):
    """Ask what the BT system interface takes. IPMI 2.0 §22.10."""


class SystemInterface(OpenEnum):
    """Interfaces between the machine and its BMC; BT has a command of its own."""

    SSIF = 0
    KCS = 1
    SMIC = 2


class Transactions(OpenEnum):
    """In how many parts SSIF takes a message."""

    SINGLE_PART = 0
    START_AND_END = 1
    START_MIDDLE_AND_END = 2


class SystemInterfaceCapabilities(Response):
    """What a system interface takes, in bytes; ``transactions``, ``pec`` and ``output_size`` are SSIF's."""

    _1: U8 = 0
    transactions: Annotated[Transactions, Bits(2)] = Transactions.SINGLE_PART
    _2: Bits2 = 0
    pec: Bit = False
    version: Bits3 = 0
    input_size: U8
    output_size: U8 | None = None


class GetSystemInterfaceCapabilities(Request[SystemInterfaceCapabilities], netfn=NetFn.APP, command=0x57):
    """Ask what a system interface takes. IPMI 2.0 §22.9."""

    _1: Bits4 = 0
    interface: Annotated[SystemInterface, Bits(4)] = SystemInterface.KCS
