"""Keywords about what the machine boots from."""

from typing import Any

from robot.api.deco import keyword

from ipmi_lab.commands.boot import BootDevice, BootFlags
from IpmiLab.context import Context
from IpmiLab.types import Operator


class BootKeywords:
    """The boot device, for one start or from now on."""

    def __init__(self, context: Context) -> None:
        self.context = context

    @keyword(tags=["Getter"])
    def get_boot_flags(
        self,
        operator: Operator = None,
        expected: Any = None,
        message: str | None = None,
        *,
        session: str | None = None,
    ) -> BootFlags:
        """Returns what the BMC keeps for the machine's firmware: ``${flags.device.words}``, ``${flags.valid}``,
        ``${flags.persistent}``, ``${flags.efi}`` …; they count only while they are valid.

        Args:
            operator: How to check it, such as ``validate``.
            expected: What to check it against, such as ``not value.valid``.
            message: What to say if it does not fit.
            session: The alias of the session; else the current one.

        Example:
        | Get Boot Flags | validate | not value.valid |
        """
        ipmi = self.context.ipmi(session)
        found: BootFlags = self.context.checked(ipmi.boot.flags, operator, expected, message)
        return found

    @keyword(tags=["Setter", "Destructive"])
    def set_boot_device(
        self,
        device: BootDevice,
        *,
        persistent: bool = False,
        efi: bool = False,
        session: str | None = None,
    ) -> BootFlags:
        """Chooses what the machine boots from; needs the permission ``write``. Returns the flags before.

        What the BMC keeps is read back, and another device than the one that was asked for is an error.

        Args:
            device: ``pxe``, ``disk``, ``cd``, ``setup``, ``diagnostic partition``, ``remote cd`` …; ``none`` takes an
                earlier choice back.
            persistent: From now on; else at the next start only.
            efi: By EFI; else the old way.
            session: The alias of the session; else the current one.

        Example:
        | Set Boot Device | pxe | efi=True |
        | Set Power | cycle |
        """
        ipmi = self.context.ipmi(session)
        before = ipmi.boot.flags()
        ipmi.boot.set_device(device, persistent=persistent, efi=efi)
        return before
