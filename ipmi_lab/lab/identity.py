"""Whether the machine that answers is the one that the inventory means."""

from typing import Any

from ipmi_lab.commands.bmc import DeviceId, GetDeviceGuid, GetDeviceId, GetSystemGuid
from ipmi_lab.errors import NotAllowed
from ipmi_lab.inventory.target import ExpectedDeviceId, Target
from ipmi_lab.links.link import Link


class Pin:
    """Asked before the first change of each session: NotAllowed where another machine answers.

    Firmware counts as a finding of the report, not as another machine: updates change it.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self._proved = 0  # by which opening of the session

    async def __call__(self, link: Link) -> None:
        if self._proved == link.session.openings:
            return
        _, wrong = await identify(link, self.target, firmware=False)
        if wrong:
            raise NotAllowed(
                f"another machine answers than the inventory expects: {'; '.join(wrong)}; nothing was changed",
                hint="Check the address of the target, and expect: in the inventory.",
            )
        self._proved = link.session.openings


async def identify(link: Link, target: Target, *, firmware: bool = True) -> tuple[DeviceId, list[str]]:
    """Who answers, and a sentence for each thing that the inventory expects otherwise."""
    found = await link.send(GetDeviceId())
    expected = target.expect_device_id
    wrong = [] if expected is None else mismatches(found, expected, firmware=firmware)
    for name, wanted, ask in (
        ("system GUID", target.expect_system_guid, GetSystemGuid()),
        ("device GUID", target.expect_device_guid, GetDeviceGuid()),
    ):
        if wanted is not None:
            there = (await link.send(ask)).uuid
            if there.lower() != wanted.lower():
                wrong.append(f"{name} is {there}, expected {wanted}")
    return found, wrong


def mismatches(found: DeviceId, expected: ExpectedDeviceId, *, firmware: bool = True) -> list[str]:
    """What Get Device ID answered otherwise than the inventory expects, a sentence each."""
    wrong = []
    for key in ("manufacturer", "product", "device_id"):
        wanted, there = getattr(expected, key), getattr(found, key)
        if wanted is not None and wanted != there:
            wrong.append(f"{key.replace('_', ' ')} is {there}, expected {wanted}")
    if firmware and expected.firmware is not None and not firmware_fits(found.firmware, expected.firmware):
        wrong.append(f"firmware is {found.firmware}, expected {expected.firmware}")
    return wrong


def firmware_fits(there: str, wanted: str) -> bool:
    """Whether a firmware version fits ``2.09``, ``>=2.9``, ``<3``; numbers count, not their leading zeros.

    A BMC writes the digits of its minor version as BCD, and some put more there: so they are read as hex.
    """
    sign = wanted.rstrip("0123456789. ")
    have, want = (tuple(int(part, 16) for part in text.split(".")) for text in (there, wanted[len(sign) :].strip()))
    length = max(len(have), len(want))
    have, want = (each + (0,) * (length - len(each)) for each in (have, want))
    return {
        "": have == want,
        "==": have == want,
        ">=": have >= want,
        "<=": have <= want,
        ">": have > want,
        "<": have < want,
    }[sign.strip()]


def found_words(found: DeviceId) -> dict[str, Any]:
    """Who was found, for the report."""
    return {
        "manufacturer": found.manufacturer,
        "product": found.product,
        "device_id": found.device_id,
        "firmware": found.firmware,
        "ipmi": found.ipmi,
    }


def expected_words(target: Target) -> dict[str, Any]:
    """What was expected, for the report."""
    expected = target.expect_device_id or ExpectedDeviceId()
    wanted = {key: getattr(expected, key) for key in ("manufacturer", "product", "device_id", "firmware")}
    wanted |= {"system_guid": target.expect_system_guid, "device_guid": target.expect_device_guid}
    return {key: value for key, value in wanted.items() if value is not None}
