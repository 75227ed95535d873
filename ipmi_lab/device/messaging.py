"""Messages through the BMC, and what software keeps there."""

from ipmi_lab.commands.command import Request
from ipmi_lab.commands.event import PlatformEvent
from ipmi_lab.commands.messaging import (
    BtInterfaceCapabilities,
    ChannelReceive,
    ClearMessageFlags,
    EnableMessageChannelReceive,
    GetBmcGlobalEnables,
    GetBtInterfaceCapabilities,
    GetMessage,
    GetMessageFlags,
    GetSystemInterfaceCapabilities,
    GlobalEnables,
    MessageFlags,
    ReadEventMessageBuffer,
    ReceivedMessage,
    SendMessage,
    SetBmcGlobalEnables,
    SystemInterface,
    SystemInterfaceCapabilities,
    Tracking,
)
from ipmi_lab.commands.session import AuthenticationType
from ipmi_lab.commands.systeminfo import GetSystemInfo, SetSystemInfo, SystemInfoParameter, blocks_of, joined, split
from ipmi_lab.commands.user import AuthCodeKind, GetAuthCode
from ipmi_lab.device.part import Part, World, asks, feature
from ipmi_lab.secret import Secret


class MessagingCommands(Part[World]):
    """Commands about messages and system info, under the names of the specification."""

    @asks
    def get_bmc_global_enables(self) -> Request[GlobalEnables]:
        """What the BMC may do by itself. IPMI 2.0 §22.2."""
        return GetBmcGlobalEnables()

    @feature
    async def set_bmc_global_enables(
        self,
        *,
        event_logging: bool | None = None,
        event_message_buffer: bool | None = None,
        event_message_buffer_interrupt: bool | None = None,
        receive_message_queue_interrupt: bool | None = None,
        oem_0: bool | None = None,
        oem_1: bool | None = None,
        oem_2: bool | None = None,
    ) -> GlobalEnables:
        """Change what the BMC may do by itself; what is not given stays. Gives what was before. IPMI 2.0 §22.1."""
        before = await self.link.send(GetBmcGlobalEnables())
        given = {
            "event_logging": event_logging,
            "event_message_buffer": event_message_buffer,
            "event_message_buffer_interrupt": event_message_buffer_interrupt,
            "receive_message_queue_interrupt": receive_message_queue_interrupt,
            "oem_0": oem_0,
            "oem_1": oem_1,
            "oem_2": oem_2,
        }
        changed = before.asdict() | {key: value for key, value in given.items() if value is not None}
        await self.link.send(SetBmcGlobalEnables(**changed))
        return before

    @asks
    def get_message_flags(self) -> Request[MessageFlags]:
        """What waits to be read. IPMI 2.0 §22.4."""
        return GetMessageFlags()

    @feature
    async def clear_message_flags(
        self,
        *,
        receive_message_queue: bool = False,
        event_message_buffer: bool = False,
        watchdog_pre_timeout: bool = False,
        oem_0: bool = False,
        oem_1: bool = False,
        oem_2: bool = False,
    ) -> None:
        """Clear flags, and with them what is in queue and buffer. IPMI 2.0 §22.3."""
        await self.link.send(
            ClearMessageFlags(
                receive_message_queue=receive_message_queue,
                event_message_buffer=event_message_buffer,
                watchdog_pre_timeout=watchdog_pre_timeout,
                oem_0=oem_0,
                oem_1=oem_1,
                oem_2=oem_2,
            )
        )

    @feature
    async def enable_message_channel_receive(
        self, channel: int, state: ChannelReceive = ChannelReceive.GET_STATE
    ) -> bool:
        """Let messages of a channel into the queue or not; gives how it is now. IPMI 2.0 §22.5."""
        return (await self.link.send(EnableMessageChannelReceive(channel=channel, state=state))).enabled

    @asks
    def get_message(self) -> Request[ReceivedMessage]:
        """The oldest message of the receive queue; CompletionError 0x80 where it is empty. IPMI 2.0 §22.6."""
        return GetMessage()

    @feature
    async def send_message(
        self,
        channel: int,
        message: bytes,
        *,
        tracking: Tracking = Tracking.NONE,
        encrypted: bool = False,
        authenticated: bool = False,
    ) -> bytes:
        """Pass a message on to another channel; gives what the controller put into its answer. IPMI 2.0 §22.7.

        ``message`` is whole, as it stands on an IPMB; for a channel of sessions the session handle comes before it.
        """
        ask = SendMessage(
            channel=channel, message=message, tracking=tracking, encrypted=encrypted, authenticated=authenticated
        )
        return (await self.link.send(ask)).message

    @feature
    async def read_event_message_buffer(self) -> bytes:
        """The event in the buffer, as a SEL record of 16 bytes; CompletionError 0x80 where there is none.
        IPMI 2.0 §22.8."""
        return (await self.link.send(ReadEventMessageBuffer())).record

    @asks
    def get_bt_interface_capabilities(self) -> Request[BtInterfaceCapabilities]:
        """What the BT interface takes. IPMI 2.0 §22.10."""
        return GetBtInterfaceCapabilities()

    @feature
    async def get_system_interface_capabilities(
        self, interface: SystemInterface = SystemInterface.KCS
    ) -> SystemInterfaceCapabilities:
        """What a system interface takes. IPMI 2.0 §22.9."""
        return await self.link.send(GetSystemInterfaceCapabilities(interface=interface))

    @feature
    async def get_auth_code(
        self,
        user_id: int,
        data: bytes | Secret,
        *,
        algorithm: int = AuthenticationType.MD5,
        kind: AuthCodeKind = AuthCodeKind.IPMI_1_5,
        channel: int = 0x0E,
    ) -> bytes:
        """What the BMC makes of 16 bytes with a user's password; nothing for a straight password that fits, which is
        given as ``Secret``. IPMI 2.0 §22.21."""
        ask = GetAuthCode(kind=kind, algorithm=algorithm, channel=channel, user_id=user_id, data=data)
        return (await self.link.send(ask)).code

    @feature
    async def get_system_info(self, parameter: SystemInfoParameter) -> str:
        """A text of the system info, from all its blocks; other parameters by ``send_message_with_name``.
        IPMI 2.0 §22.14b."""
        first = (await self.link.send(GetSystemInfo(parameter=parameter))).data[1:]
        blocks = [first]
        for number in range(1, blocks_of(first)):
            answer = await self.link.send(GetSystemInfo(parameter=parameter, set_selector=number))
            blocks.append(answer.data[1:])
        return joined(blocks)

    @feature
    async def set_system_info(self, parameter: SystemInfoParameter, text: str) -> None:
        """Write a text of the system info, block by block. IPMI 2.0 §22.14a."""
        for block in split(text):
            await self.link.send(SetSystemInfo(parameter=parameter, data=block))

    @feature
    async def platform_event(self, sensor_type: int, sensor_number: int, event_type: int, data: bytes) -> None:
        """Tell the BMC an event. IPMI 2.0 §29.3."""
        await self.link.send(
            PlatformEvent(sensor_type=sensor_type, sensor_number=sensor_number, event_type=event_type, data=data)
        )
