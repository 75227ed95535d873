"""One row of bytes a command: what is asked, what is answered, and where the bytes come from.

``sim`` is ipmi_sim of OpenIPMI 2.0.33, asked by ipmitool 1.8.19 or FreeIPMI 1.6.10; ``hand`` rows were checked against
the tables of the specification and of two implementations (ipmitool, FreeIPMI), since no recording has the command.
"""

from typing import Any, NamedTuple

from ipmi_lab.commands import bmc, boot, channel, chassis, event, i2c, messaging, sel, session, systeminfo, user
from ipmi_lab.commands.command import Request
from ipmi_lab.secret import Secret
from ipmi_lab.wire.codes import Privilege


class Row(NamedTuple):
    """``answer`` is the data behind the completion code; ``fields`` are what it must decode to."""

    request: Request[Any]
    sent: str
    answer: str
    fields: dict[str, Any]
    source: str


ROWS = [
    Row(
        bmc.GetDeviceId(),
        "",
        "00 03 09 08 02 9f 91 12 00 02 0f 00 00 00 00",
        {"device_id": 0, "revision": 3, "firmware": "9.08", "ipmi": "2.0", "manufacturer": 4753, "product": 0x0F02},
        "sim",
    ),
    Row(bmc.ColdReset(), "", "", {}, "hand"),
    Row(bmc.WarmReset(), "", "", {}, "hand"),
    Row(bmc.GetSelfTestResults(), "", "57 04", {"result": bmc.SelfTest.CORRUPTED_OR_INACCESSIBLE, "detail": 4}, "hand"),
    Row(
        bmc.GetDeviceGuid(),
        "",
        "a1 23 45 67 89 ab cd ef a1 23 45 67 89 ab cd ef",
        {"uuid": "efcdab89-6745-23a1-efcd-ab89674523a1"},
        "hand",
    ),
    Row(
        bmc.GetSystemGuid(),
        "",
        "a1 23 45 67 89 ab cd ef a1 23 45 67 89 ab cd ef",
        {
            "uuid": "efcdab89-6745-23a1-efcd-ab89674523a1",
            "uuid_rfc4122": "a1234567-89ab-cdef-a123-456789abcdef",
            "uuid_smbios": "674523a1-ab89-efcd-a123-456789abcdef",
        },
        "sim",
    ),
    Row(
        session.GetChannelAuthenticationCapabilities(channel=0x0E, privilege=Privilege.ADMINISTRATOR),
        "8e 04",
        "01 97 06 03 00 00 00 00",
        {"channel": 1, "extended": True, "md5": True, "md2": True, "none": True, "straight": True, "oem": False}
        | {"kg": False, "named_users": True, "null_users": True, "anonymous_login": False, "ipmi20": True},
        "sim",
    ),
    Row(
        session.GetSessionChallenge(authentication=session.AuthenticationType.MD5, user_name="ipmiusr"),
        "02 69 70 6d 69 75 73 72 00 00 00 00 00 00 00 00 00",
        "02 00 00 00 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f",
        {"session_id": 2, "challenge": bytes(range(16))},
        "hand",
    ),
    Row(
        session.ActivateSession(
            authentication=session.AuthenticationType.MD5,
            privilege=Privilege.ADMINISTRATOR,
            challenge=bytes(range(16)),
            outbound_sequence=0x12345678,
        ),
        "02 04 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 78 56 34 12",
        "02 44 33 22 11 78 56 34 12 04",
        {"session_id": 0x11223344, "inbound_sequence": 0x12345678, "privilege": Privilege.ADMINISTRATOR},
        "hand",
    ),
    Row(
        session.SetSessionPrivilegeLevel(privilege=Privilege.ADMINISTRATOR),
        "04",
        "04",
        {"privilege": Privilege.ADMINISTRATOR},
        "sim",
    ),
    Row(session.CloseSession(session_id=0x05820000), "00 00 82 05", "", {}, "hand"),
    Row(
        session.GetSessionInfo(index=0),
        "00",
        "01 24 02 02 04 11 7f 00 00 01 00 00 00 00 00 00 eb 59",
        {"session_handle": 1, "possible": 36, "active": 2, "user_id": 2, "privilege": Privilege.ADMINISTRATOR}
        | {"protocol": 1, "channel": 1, "console_address": "127.0.0.1", "console_port": 0x59EB},
        "hand",
    ),
    Row(
        user.GetAuthCode(algorithm=2, channel=1, user_id=2, data=bytes(16)),
        "02 01 02" + " 00" * 16,
        "00" * 16,
        {"code": bytes(16)},
        "hand",
    ),
    Row(
        channel.GetChannelCipherSuites(channel=0x0E),
        "0e 00 80",
        "01 c0 03 01 41 81",
        {"channel": 1, "data": bytes.fromhex("c003014181")},
        "hand",
    ),
    Row(
        channel.GetChannelInfo(channel=1),
        "01",
        "01 04 01 81 f2 1b 00 00 00",
        {"channel": 1, "medium": channel.Medium.LAN, "protocol": channel.Protocol.IPMB, "active_sessions": 1}
        | {"session_support": channel.SessionSupport.MULTIPLE, "vendor": 7154, "auxiliary": b"\0\0"},
        "sim",
    ),
    Row(
        channel.SetChannelAccess(
            channel=1, change_access=channel.Change.VOLATILE, change_privilege=channel.Change.NON_VOLATILE
        ),
        "01 82 44",
        "",
        {},
        "hand",
    ),
    Row(
        channel.GetChannelAccess(channel=1, copy=channel.Change.VOLATILE),
        "01 80",
        "02 04",
        {"access_mode": channel.AccessMode.ALWAYS_AVAILABLE, "privilege_limit": Privilege.ADMINISTRATOR}
        | {"alerting_disabled": False, "per_message_authentication_disabled": False},
        "sim",
    ),
    Row(
        channel.SetChannelSecurityKeys(channel=1, operation=channel.KeyOperation.SET, key=Secret(b"k" * 20)),
        "01 01 01" + " 6b" * 20,
        "02",
        {"lock": 2, "key": Secret(b"")},
        "hand",
    ),
    Row(
        user.GetUserAccess(channel=1, user_id=2),
        "01 02",
        "3f 03 01 14",
        {"most_users": 63, "enabled_users": 3, "fixed_names": 1, "ipmi_messaging": True}
        | {"privilege_limit": Privilege.ADMINISTRATOR, "enable_status": user.EnableStatus.UNSPECIFIED},
        "hand",
    ),
    Row(
        user.SetUserAccess(channel=1, user_id=3, privilege_limit=Privilege.OPERATOR),
        "91 03 03",
        "",
        {},
        "hand",
    ),
    Row(
        user.SetUserName(user_id=3, user_name="bench"),
        "03 62 65 6e 63 68 00 00 00 00 00 00 00 00 00 00 00",
        "",
        {},
        "hand",
    ),
    Row(
        user.GetUserName(user_id=2),
        "02",
        "69 70 6d 69 75 73 72 00 00 00 00 00 00 00 00 00",
        {"user_name": "ipmiusr"},
        "sim",
    ),
    Row(
        user.SetUserPassword(user_id=3, operation=user.PasswordOperation.SET_PASSWORD, password=Secret("secret")),
        "03 02 73 65 63 72 65 74" + " 00" * 10,
        "",
        {},
        "hand",
    ),
    Row(
        chassis.GetChassisStatus(),
        "",
        "21 10 40",
        {"power_on": True, "restore_policy": chassis.RestorePolicy.PREVIOUS_STATE, "last_on_by_command": True}
        | {"identify_supported": True, "cooling_fault": False, "front_panel": None},
        "hand",
    ),
    Row(chassis.ChassisControl(action=chassis.Power.CYCLE), "02", "", {}, "sim"),
    Row(chassis.ChassisIdentify(seconds=20), "14", "", {}, "hand"),
    Row(
        i2c.MasterWriteRead(bus_type=i2c.BusType.PRIVATE, bus_id=2, channel=4, address=0x3A, count=5),
        "45 74 05",
        "01 02 03 04 05",
        {"data": bytes((1, 2, 3, 4, 5))},
        "hand",
    ),
    Row(
        messaging.GetBmcGlobalEnables(),
        "",
        "08",
        {"event_logging": True, "event_message_buffer": False, "oem_0": False},
        "sim",
    ),
    Row(messaging.SetBmcGlobalEnables(event_message_buffer=True), "0c", "", {}, "hand"),
    Row(messaging.ClearMessageFlags(event_message_buffer=True, receive_message_queue=True), "03", "", {}, "hand"),
    Row(
        messaging.GetMessageFlags(),
        "",
        "09",
        {"receive_message_available": True, "watchdog_pre_timeout": True, "event_message_buffer_full": False},
        "hand",
    ),
    Row(
        messaging.EnableMessageChannelReceive(channel=15, state=messaging.ChannelReceive.ENABLE),
        "0f 01",
        "0f 01",
        {"channel": 15, "enabled": True},
        "hand",
    ),
    Row(
        messaging.GetMessage(),
        "",
        "41 01 20 1a c6 81 04 01 7a",
        {"inferred_privilege": Privilege.ADMINISTRATOR, "channel": 1, "message": bytes.fromhex("01201ac68104017a")},
        "hand",
    ),
    Row(
        messaging.SendMessage(
            channel=0, tracking=messaging.Tracking.TRACK_REQUEST, message=bytes.fromhex("3018b881180166")
        ),
        "40 30 18 b8 81 18 01 66",
        "",
        {"message": b""},
        "sim",
    ),
    Row(
        messaging.ReadEventMessageBuffer(),
        "",
        "ff ff 02 00 00 00 00 41 00 04 01 30 01 57 5a 50",
        {"record": bytes.fromhex("ffff020000000041000401300157 5a50".replace(" ", ""))},
        "hand",
    ),
    Row(
        messaging.GetBtInterfaceCapabilities(),
        "",
        "01 40 40 0a 01",
        {"outstanding_requests": 1, "input_size": 64, "output_size": 64, "response_time": 10, "retries": 1},
        "hand",
    ),
    Row(
        messaging.GetSystemInterfaceCapabilities(interface=messaging.SystemInterface.SSIF),
        "00",
        "00 88 20 20",
        {"transactions": 2, "pec": True, "version": 0, "input_size": 32, "output_size": 32},
        "hand",
    ),
    Row(
        systeminfo.GetSystemInfo(parameter=systeminfo.SystemInfoParameter.SYSTEM_NAME),
        "00 02 00 00",
        "11 00 00 05 62 65 6e 63 68 00 00 00 00 00 00 00 00 00",
        {"revision": 0x11, "data": bytes.fromhex("00000562656e6368" + "00" * 9)},
        "hand",
    ),
    Row(
        systeminfo.SetSystemInfo(
            parameter=systeminfo.SystemInfoParameter.SYSTEM_NAME, data=systeminfo.split("bench")[0]
        ),
        "02 00 00 05 62 65 6e 63 68 00 00 00 00 00 00 00 00 00",
        "",
        {},
        "hand",
    ),
    Row(
        event.PlatformEvent(sensor_type=1, sensor_number=0x30, event_type=1, data=bytes.fromhex("575a50")),
        "04 01 30 01 57 5a 50",
        "",
        {},
        "hand",
    ),
    Row(
        sel.GetSelInfo(),
        "",
        "51 02 00 60 3e 78 03 00 00 00 00 00 00 0a",
        {"version": 0x51, "entries": 2, "free": 15968, "last_add": 888, "reserve": True, "delete": True},
        "sim",
    ),
    Row(sel.ReserveSel(), "", "02 00", {"reservation": 2}, "sim"),
    Row(
        sel.GetSelEntry(record_id=sel.LAST),
        "00 00 ff ff 00 ff",
        "ff ff 02 00 e0 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d",
        {"next_id": sel.LAST, "record": bytes.fromhex("0200e00102030405060708090a0b0c0d")},
        "sim",
    ),
    Row(
        sel.AddSelEntry(record=bytes.fromhex("00000278563412200004011001575064")),
        "00 00 02 78 56 34 12 20 00 04 01 10 01 57 50 64",
        "01 00",
        {"record_id": 1},
        "sim",
    ),
    Row(
        boot.GetSystemBootOptions(parameter=boot.BootParameter.BOOT_FLAGS),
        "05 00 00",
        "01 05 e0 04 00 00 00",
        {"version": 1, "invalid": False, "parameter": 5, "data": bytes.fromhex("e004000000")},
        "hand",
    ),
    Row(
        boot.SetSystemBootOptions(
            parameter=boot.BootParameter.BOOT_FLAGS,
            data=boot.BootFlags(valid=True, efi=True, device=boot.BootDevice.PXE).encode(),
        ),
        "05 a0 04 00 00 00",
        "",
        {},
        "hand",
    ),
]
