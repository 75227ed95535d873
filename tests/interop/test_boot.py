"""What the machine boots from crosses over: their clients choose at our BMC, and ours chooses at theirs."""

import pytest

from ipmi_lab.commands.boot import BootDevice, BootFlags
from ipmi_lab.errors import RemoteError
from ipmi_lab.virtual.farm import Farm
from tests.interop.command_lines import FreeIpmi, Ipmitool
from tests.interop.libraries import pyghmi_calls
from tests.interop.ours import VirtualBmc, opened, serve
from tests.interop.peers import LanPlus
from tests.interop.servers import IpmiSim, PyghmiBmc

pytestmark = pytest.mark.interop

WAY = LanPlus(3)


def kept(bmc: VirtualBmc) -> BootFlags:
    """What our BMC has, seen by our client."""
    with opened(bmc.target, WAY) as ipmi:
        return ipmi.boot.flags()


def test_ipmitool_chooses_and_reads(ipmitool: Ipmitool) -> None:
    with Farm() as farm:
        bmc = serve(farm)

        def said(*words: str) -> str:
            answer = ipmitool.run(bmc.target, WAY, "chassis", *words)
            assert answer.exit_code == 0, answer
            return answer.output

        said("bootdev", "pxe", "options=efiboot,persistent")
        assert kept(bmc) == BootFlags(valid=True, persistent=True, efi=True, device=BootDevice.PXE)
        with opened(bmc.target, WAY) as ipmi:
            ipmi.boot.set_device(BootDevice.SETUP)
        shown = said("bootparam", "get", "5")
        handled = said("bootparam", "get", "4")

    assert "Boot parameter 5 is valid/unlocked" in shown
    assert "Options apply to only next boot" in shown
    assert "PC Compatible (legacy) boot" in shown
    assert "Force Boot into BIOS Setup" in shown
    assert "Boot parameter data: 00ff" in handled


def test_freeipmi_chooses_and_reads(freeipmi: FreeIpmi) -> None:
    with Farm() as farm:
        bmc = serve(farm)

        def said(*words: str) -> str:
            answer = freeipmi.run("ipmi-config", bmc.target, WAY, "--category=chassis", *words)
            assert answer.exit_code == 0, answer
            return answer.output

        said("--commit", "-e", "Chassis_Boot_Flags:Boot_Device=CD-DVD")
        assert kept(bmc).device == BootDevice.CD
        with opened(bmc.target, WAY) as ipmi:
            ipmi.boot.set_device(BootDevice.DISK, persistent=True, efi=True)
        shown = {line.split()[0]: line.split()[-1] for line in said("--checkout").splitlines() if line.split()}

    assert (shown["Boot_Device"], shown["Boot_Flags_Persistent"], shown["BIOS_Boot_Type"]) == (
        "HARD-DRIVE",
        "Yes",
        "EFI",
    )


def test_pyghmi_chooses_and_reads() -> None:
    with Farm() as farm:
        bmc = serve(farm, suites=[3])
        said = pyghmi_calls(
            bmc.target,
            ("set_bootdev", {"bootdev": "network", "persist": True, "uefiboot": True}),
            ("get_bootdev", {}),
        )
        flags = kept(bmc)

    assert said[1] == {"bootdev": "network", "persistent": True, "uefimode": True}
    assert flags == BootFlags(valid=True, persistent=True, efi=True, device=BootDevice.PXE)


def test_our_client_chooses_at_pyghmis_server(pyghmi_bmc: PyghmiBmc) -> None:
    with opened(pyghmi_bmc.target, WAY) as ipmi:
        ipmi.boot.set_device(BootDevice.PXE)
        assert ipmi.boot.flags().device == BootDevice.PXE
        ipmi.boot.set_device(BootDevice.NONE)
        assert ipmi.boot.flags().device == BootDevice.NONE


def test_ipmi_sim_keeps_the_device_and_nothing_else(ipmi_sim: IpmiSim) -> None:
    with opened(ipmi_sim.target, WAY) as ipmi:
        assert ipmi.boot.set_device(BootDevice.PXE).device == BootDevice.PXE
        with pytest.raises(RemoteError, match="accepted cd persistent efi, but keeps cd"):
            ipmi.boot.set_device(BootDevice.CD, persistent=True, efi=True)
