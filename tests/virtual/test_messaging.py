"""Flags, queue, event buffer and system info of a virtual BMC."""

import pytest

from ipmi_lab.commands.bmc import ColdReset, GetDeviceId
from ipmi_lab.commands.command import Request
from ipmi_lab.commands.event import PlatformEvent
from ipmi_lab.commands.messaging import (
    ChannelReceive,
    ClearMessageFlags,
    EnableMessageChannelReceive,
    GetBmcGlobalEnables,
    GetBtInterfaceCapabilities,
    GetMessage,
    GetMessageFlags,
    GetSystemInterfaceCapabilities,
    ReadEventMessageBuffer,
    SendMessage,
    SetBmcGlobalEnables,
    Tracking,
)
from ipmi_lab.commands.raw import Raw
from ipmi_lab.commands.systeminfo import SystemInfoParameter
from ipmi_lab.commands.user import GetAuthCode
from ipmi_lab.errors import LocalError
from ipmi_lab.lab.open import connect
from ipmi_lab.packets import ipmb
from ipmi_lab.sessions.crypto import digest15
from ipmi_lab.sessions.events import Answered
from ipmi_lab.virtual.farm import Farm
from tests.sessions.pair import PASSWORD, Pair, profile
from tests.virtual.test_machines import answer, code
from tests.virtual.test_user import beside

EVENT = PlatformEvent(sensor_type=1, sensor_number=0x30, event_type=1, data=b"WZP")


def test_an_event_fills_the_buffer_only_where_it_is_enabled() -> None:
    pair = Pair().opened()
    assert code(pair, EVENT) == 0
    assert code(pair, ReadEventMessageBuffer()) == 0x80
    assert code(pair, SetBmcGlobalEnables(event_message_buffer=True)) == 0
    assert code(pair, EVENT) == 0
    assert answer(pair, GetMessageFlags()).event_message_buffer_full

    assert answer(pair, ReadEventMessageBuffer()).record[10:] == b"\x01\x30\x01WZP"
    assert not answer(pair, GetMessageFlags()).event_message_buffer_full
    assert code(pair, EVENT) == 0
    assert code(pair, ClearMessageFlags(event_message_buffer=True)) == 0
    assert code(pair, ReadEventMessageBuffer()) == 0x80


def test_the_machines_software_reads_and_answers_what_came_to_its_lun() -> None:
    pair, software = Pair().opened(), Pair()
    software.bmc = pair.bmc
    software.opened()
    assert answer(software, EnableMessageChannelReceive(channel=1, state=ChannelReceive.ENABLE)).enabled
    number = pair.console.request(Raw(0x06, 0x01, b"", lun=2), pair.now)
    assert pair.carry() == []
    assert answer(software, GetMessageFlags()).receive_message_available

    received = answer(software, GetMessage())
    handle, request = received.message[:1], ipmb.parse(received.message[1:])
    assert (received.channel, request.command) == (1, 0x01)
    back = SendMessage(channel=1, message=handle + ipmb.pack_answer(request, b"\0from software"))
    assert code(software, back) == 0

    assert code(software, GetMessage()) == 0x80
    assert pair.console.receive(_to(pair, software), pair.now) == [Answered(number, 0, b"from software")]


def _to(pair: Pair, software: Pair) -> bytes:
    """The datagram that went to the first console: both share one address in this test."""
    ours = pair.console._wrapping
    assert ours is not None
    local = ours.local_id.to_bytes(4, "little")  # type: ignore[union-attr]  # of RMCP+
    return next(datagram for datagram in reversed(software.answered) if datagram[6:10] == local)


def test_flags_that_others_raise_are_cleared_one_by_one() -> None:
    pair = Pair().opened()
    pair.bmc.messaging.raise_flags("watchdog_pre_timeout", "oem_1")
    found = answer(pair, GetMessageFlags())
    assert (found.watchdog_pre_timeout, found.oem_2, found.oem_1, found.oem_0) == (True, False, True, False)

    assert code(pair, ClearMessageFlags(watchdog_pre_timeout=True, oem_0=True)) == 0
    found = answer(pair, GetMessageFlags())
    assert (found.watchdog_pre_timeout, found.oem_1) == (False, True)


def test_flags_that_a_profile_raises_are_there_again_after_a_cold_reset() -> None:
    pair = Pair(machine=profile(message_flags=["oem_0", "watchdog_pre_timeout"])).opened()
    assert answer(pair, GetMessageFlags()).encode() == b"\x28"
    assert code(pair, ClearMessageFlags(oem_0=True)) == 0
    assert answer(pair, GetMessageFlags()).encode() == b"\x08"
    pair.bmc.messaging.raise_flags("oem_2")
    assert code(pair, ColdReset()) == 0

    assert answer(beside(pair).opened(), GetMessageFlags()).encode() == b"\x28"
    with pytest.raises(LocalError, match="'oem_3' is no message flag that can be raised"):
        pair.bmc.messaging.raise_flags("oem_3")


def test_a_flag_that_is_raised_in_a_running_bmc_is_read_and_cleared_through_the_client() -> None:
    with Farm() as farm:
        served = farm.open("rack-server")
        with connect(served.url, password=served.password) as ipmi:
            assert not ipmi.get_message_flags().oem_0
            served.bmc.messaging.raise_flags("oem_0", "oem_2")
            assert ipmi.get_message_flags().oem_0
            ipmi.clear_message_flags(oem_0=True)
            found = ipmi.get_message_flags()
            assert (found.oem_0, found.oem_2) == (False, True)


def test_an_event_in_the_buffer_is_a_record_with_who_told_it_and_when() -> None:
    pair = Pair().opened()
    assert code(pair, SetBmcGlobalEnables(event_message_buffer=True)) == 0
    assert code(pair, EVENT) == 0
    assert code(pair, PlatformEvent(sensor_type=2, sensor_number=2, event_type=2, data=b"\2")) == 0
    record = answer(pair, ReadEventMessageBuffer()).record

    assert record == bytes.fromhex("ffff02") + int(pair.now).to_bytes(4, "little") + b"\x81\x10" + EVENT.encode()
    assert code(pair, ReadEventMessageBuffer()) == 0x80, "the buffer holds one event, the first"


def test_a_cold_reset_empties_queue_and_buffer_and_takes_the_usual_enables() -> None:
    pair = Pair().opened()
    for request in (
        SetBmcGlobalEnables(event_message_buffer=True, event_logging=False, oem_2=True),
        EnableMessageChannelReceive(channel=1, state=ChannelReceive.ENABLE),
        EVENT,
    ):
        assert code(pair, request) == 0
    pair.console.request(Raw(0x06, 0x01, b"", lun=2), pair.now)
    pair.carry()
    pair.console._open.clear()
    assert answer(pair, GetBmcGlobalEnables()).encode() == b"\x84"
    assert answer(pair, GetMessageFlags()).encode() == b"\x03"
    pair.bmc.reset()
    fresh = Pair()
    fresh.bmc = pair.bmc
    fresh.opened()

    assert answer(fresh, GetBmcGlobalEnables()).encode() == b"\x08"
    assert answer(fresh, GetMessageFlags()).encode() == b"\0"
    assert code(fresh, Raw(0x06, 0x01, b"", lun=2)) == 0xD3


def test_each_interface_says_what_it_takes() -> None:
    def asked(interface: str, ask: Request) -> bytes | int:  # type: ignore[type-arg]  # of any answer
        event = Pair(machine=profile(system_interface=interface)).opened().ask(ask)
        assert isinstance(event, Answered)
        return event.code or event.data

    ssif, kcs, smic = (GetSystemInterfaceCapabilities(interface=number) for number in (0, 1, 2))
    assert asked("kcs", kcs) == bytes.fromhex("00 00 ff")
    assert asked("smic", smic) == bytes.fromhex("00 00 ff")
    assert asked("ssif", ssif) == bytes.fromhex("00 88 ff ff")
    assert asked("bt", GetBtInterfaceCapabilities()) == bytes.fromhex("01 ff ff 05 01")
    assert asked("kcs", GetBtInterfaceCapabilities()) == 0xC1
    assert asked("kcs", ssif) == asked("bt", kcs) == 0xCC


def test_a_full_queue_and_a_closed_channel_are_told() -> None:
    pair = Pair().opened()
    assert not answer(pair, EnableMessageChannelReceive(channel=1, state=ChannelReceive.GET_STATE)).enabled
    assert code(pair, Raw(0x06, 0x01, b"", lun=2)) == 0xD3
    assert answer(pair, EnableMessageChannelReceive(channel=1, state=ChannelReceive.ENABLE)).enabled
    for _ in range(16):
        pair.console.request(Raw(0x06, 0x01, b"", lun=2), pair.now)
        pair.carry()
        pair.console._open.clear()
    assert code(pair, Raw(0x06, 0x01, b"", lun=2)) == 0xC0
    assert code(pair, ClearMessageFlags(receive_message_queue=True)) == 0
    assert code(pair, GetMessage()) == 0x80

    assert not answer(pair, EnableMessageChannelReceive(channel=15, state=ChannelReceive.DISABLE)).enabled
    assert code(pair, Raw(0x06, 0x01, b"", lun=2)) == 0xD3


@pytest.mark.parametrize(
    ("channel", "message", "wanted"),
    [(0, b"\x30\x18\xb8\x20\x04\x01\xdb", 0x83), (1, b"\xee" + bytes(8), 0x80), (9, bytes(8), 0xCC)],
)
def test_messages_that_cannot_be_passed_on_get_their_code(channel: int, message: bytes, wanted: int) -> None:
    ask = SendMessage(channel=channel, tracking=Tracking.TRACK_REQUEST, message=message)

    assert code(Pair().opened(), ask) == wanted


def test_a_message_needs_the_permission_of_what_it_carries() -> None:
    def carried(netfn: int, command: int, data: bytes = b"") -> str:
        return SendMessage(channel=0, message=ipmb.pack(0x30, netfn << 2, 0x20, 4, command, data)).permission()

    assert carried(0x06, 0x01) == ""
    assert carried(0x00, 0x02, b"\x01") == "power"
    assert carried(0x30, 0x01) == "raw"
    assert SendMessage(channel=0, message=b"garbage").permission() == "raw"
    inner = ipmb.pack(0x72, 0x06 << 2, 0x20, 4, 0x02, b"")
    assert carried(0x06, 0x34, b"\x40" + inner) == "reset"


def test_an_auth_code_is_made_with_the_users_password() -> None:
    pair = Pair().opened()
    secret = PASSWORD.encode().ljust(16, b"\0")

    assert answer(pair, GetAuthCode(algorithm=2, user_id=2, data=bytes(16))).code == digest15(
        2, secret + bytes(16) + secret
    )
    assert code(pair, GetAuthCode(algorithm=4, user_id=2, data=secret)) == 0
    assert code(pair, GetAuthCode(algorithm=4, user_id=2, data=bytes(16))) == 0xCC
    assert len(answer(pair, GetAuthCode(kind=1, algorithm=1, user_id=2, data=bytes(16))).code) == 12
    assert code(pair, GetAuthCode(kind=1, algorithm=9, user_id=2, data=bytes(16))) == 0xCC


def test_system_info_and_enables_through_the_typed_methods() -> None:
    with connect("virtual:rack-server") as ipmi:
        ipmi.set_system_info(SystemInfoParameter.SYSTEM_NAME, "bench number seven, rack 7")
        assert ipmi.get_system_info(SystemInfoParameter.SYSTEM_NAME) == "bench number seven, rack 7"
        before = ipmi.set_bmc_global_enables(event_message_buffer=True)
        assert not before.event_message_buffer
        after = ipmi.get_bmc_global_enables()
        assert (after.event_message_buffer, after.event_logging) == (True, True)
        assert ipmi.get_system_interface_capabilities().input_size == 255
        assert ipmi.get_message_flags().receive_message_available is False
        assert ipmi.send_message_with_name("GetSystemInfoParameters", parameter="system name").revision == 0x11  # type: ignore[attr-defined]
        assert GetDeviceId.label() == "Get Device Id (0x06 0x01)"
