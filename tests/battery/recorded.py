"""Datagrams of whole conversations, as they went over a wire of software: what mutations are made of."""

from ipmi_lab.commands.chassis import GetChassisStatus
from ipmi_lab.commands.messaging import GetMessageFlags, SendMessage, Tracking
from ipmi_lab.commands.sel import AddSelEntry, GetSelEntry
from ipmi_lab.commands.systeminfo import GetSystemInfo, SystemInfoParameter
from ipmi_lab.commands.user import GetUserName
from ipmi_lab.packets import ipmb
from tests.sessions.pair import Pair

WAYS: list[dict[str, object]] = [
    {"version": "1.5"},
    *({"version": "2.0", "cipher": suite} for suite in (1, 2, 3, 8, 12, 17)),
]
BRIDGED = SendMessage(channel=0, tracking=Tracking.TRACK_REQUEST, message=bytes.fromhex("3018b881180166"))
REQUESTS = [
    *(GetChassisStatus(), GetMessageFlags(), GetUserName(user_id=2), AddSelEntry(record=bytes(16)), GetSelEntry()),
    *(GetSystemInfo(parameter=SystemInfoParameter.SYSTEM_NAME), BRIDGED),
]


def recorded() -> tuple[list[bytes], list[bytes]]:
    """What consoles said and what the BMC answered: logins of several kinds, commands, closing."""
    said: list[bytes] = []
    answered: list[bytes] = []
    for way in WAYS:
        pair = Pair(**way).opened()  # type: ignore[arg-type]  # of a login
        for request in REQUESTS:
            pair.ask(request)
        pair.console.ping(pair.now)
        pair.carry()
        pair.console.close(pair.now)
        pair.until_quiet()
        said += pair.sent
        answered += pair.answered
    return said, answered


def messages() -> list[bytes]:
    """The IPMI messages of some requests, without a session around them."""
    return [
        ipmb.pack(ipmb.BMC, request.netfn << 2, ipmb.CONSOLE, 4, request.command, request.encode())
        for request in REQUESTS
    ]
