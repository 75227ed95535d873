"""The BMC itself: who it is, how it feels, and how it is restarted."""

from typing import Annotated

from ipmi_lab.commands.command import Done, Request, Response
from ipmi_lab.wire.codes import NetFn, OpenEnum, Privilege
from ipmi_lab.wire.fields import U8, U16, U24, Bit, Bits3, Bits4, Bits7, Bytes16, Rest, Unsigned


class DeviceId(Response):
    """Who a BMC is: its firmware, its maker, and what it can do."""

    device_id: U8
    provides_sdrs: Bit
    _1: Bits3 = 0
    revision: Bits4
    updating: Bit
    firmware_major: Bits7
    firmware_minor: U8
    ipmi_version: U8
    supports: U8
    manufacturer: U24
    product: U16
    auxiliary: Rest = b""

    @property
    def firmware(self) -> str:
        """``9.08``: the minor number is two BCD digits."""
        return f"{self.firmware_major}.{self.firmware_minor:02x}"

    @property
    def ipmi(self) -> str:
        """``2.0`` or ``1.5``: the low digit comes first on the wire."""
        return f"{self.ipmi_version & 0xF}.{self.ipmi_version >> 4}"


class GetDeviceId(Request[DeviceId], netfn=NetFn.APP, command=0x01):
    """Ask a BMC who it is. IPMI 2.0 §20.1."""


class ColdReset(Request[Done], netfn=NetFn.APP, command=0x02, needs="reset", privilege=Privilege.ADMINISTRATOR):
    """Restart the BMC with all its settings read anew. Its sessions end; an answer may not come. IPMI 2.0 §20.2."""


class WarmReset(Request[Done], netfn=NetFn.APP, command=0x03, needs="reset", privilege=Privilege.ADMINISTRATOR):
    """Restart the BMC's firmware and keep what it can. IPMI 2.0 §20.3."""


class SelfTest(OpenEnum):
    """The first byte of a self test."""

    PASSED = 0x55
    NOT_IMPLEMENTED = 0x56
    CORRUPTED_OR_INACCESSIBLE = 0x57
    FATAL_HARDWARE_ERROR = 0x58
    RESERVED = 0xFF


class SelfTestResults(Response):
    """How a BMC feels; ``detail`` has a bit a broken part when data is corrupted or inaccessible."""

    result: Annotated[SelfTest, Unsigned(1)]
    detail: U8


class GetSelfTestResults(Request[SelfTestResults], netfn=NetFn.APP, command=0x04):
    """Ask for the outcome of the BMC's own test. IPMI 2.0 §20.4."""


class Guid(Response):
    """Sixteen bytes as they came; the standard's order is the reverse of a UUID's text."""

    guid: Bytes16

    @property
    def uuid(self) -> str:
        """The UUID text that the IPMI order means: all sixteen bytes reversed."""
        return _dashed(self.guid[::-1])

    @property
    def uuid_smbios(self) -> str:
        """The UUID text if the BMC meant SMBIOS order: the first three fields reversed."""
        raw = self.guid
        return _dashed(raw[3::-1] + raw[5:3:-1] + raw[7:5:-1] + raw[8:])

    @property
    def uuid_rfc4122(self) -> str:
        """The UUID text if the BMC sent it in the order of RFC 4122."""
        return _dashed(self.guid)


def _dashed(raw: bytes) -> str:
    text = raw.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


class GetDeviceGuid(Request[Guid], netfn=NetFn.APP, command=0x08):
    """Ask for the GUID of this very controller. IPMI 2.0 §20.8."""


class GetSystemGuid(Request[Guid], netfn=NetFn.APP, command=0x37, sessionless=True, privilege=0):
    """Ask for the GUID of the system that the BMC manages. IPMI 2.0 §22.14."""
