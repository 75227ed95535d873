"""What the machine around the BMC boots from."""

from ipmi_lab.commands.boot import BootDevice, BootFlags, BootParameter, GetSystemBootOptions, SetSystemBootOptions
from ipmi_lab.device.part import Part, World, feature
from ipmi_lab.errors import CompletionError, RemoteError

BEGIN, END = b"\x01", b"\x00"
UNHANDLED = b"\xff\xff"  # all of those who may handle the flags, and none of them has


class Boot(Part[World]):
    """``ipmi.boot``: from what the machine boots next, or from now on."""

    @feature
    async def flags(self) -> BootFlags:
        """The boot flags that the BMC keeps; they count only where ``valid``. IPMI 2.0 §28.13, parameter 5."""
        return await self._flags()

    @feature
    async def set_device(self, device: BootDevice, *, persistent: bool = False, efi: bool = False) -> BootFlags:
        """Have the machine boot from ``device`` at its next start, or from now on where ``persistent``; gives the flags
        as they are read back. NONE takes an earlier choice back.

        CompletionError where the BMC refuses, RemoteError where it accepts and keeps something else. Needs the
        permission ``write``. IPMI 2.0 §28.12.
        """
        flags = BootFlags(valid=True, persistent=persistent, efi=efi, device=device)
        await self._if_it_likes(BootParameter.SET_IN_PROGRESS, BEGIN)
        try:
            await self._if_it_likes(BootParameter.ACKNOWLEDGE, UNHANDLED)
            await self._write(BootParameter.BOOT_FLAGS, flags.encode())
        except CompletionError:
            await self._if_it_likes(BootParameter.SET_IN_PROGRESS, END)
            raise
        await self._if_it_likes(BootParameter.SET_IN_PROGRESS, END)
        return self._checked(flags, await self._flags())

    def _checked(self, flags: BootFlags, kept: BootFlags) -> BootFlags:
        """What is kept, if it has what was asked for. That it is valid not every BMC tells: ipmi_sim does not."""
        if kept.device == flags.device and all(kept[word] for word in _asked(flags)):
            return kept
        raise RemoteError(
            f"the BMC accepted {_words(flags)}, but keeps {_words(kept)}",
            target=self.link.name,
            request=SetSystemBootOptions.label(),
            hint="It may not offer this device, or not for good or by EFI: try without.",
        )

    async def _flags(self) -> BootFlags:
        option = await self.link.send(GetSystemBootOptions(parameter=BootParameter.BOOT_FLAGS))
        try:
            return BootFlags.decode(option.data)
        except RemoteError as error:
            raise error.about(target=self.link.name, request=GetSystemBootOptions.label()) from None

    async def _write(self, parameter: BootParameter, data: bytes) -> None:
        await self.link.send(SetSystemBootOptions(parameter=parameter, data=data))

    async def _if_it_likes(self, parameter: BootParameter, data: bytes) -> None:
        """Say what is courteous, and what a BMC that does not keep track of it refuses."""
        try:
            await self._write(parameter, data)
        except CompletionError:
            return


def _asked(flags: BootFlags) -> list[str]:
    return [word for word in ("persistent", "efi") if flags[word]]


def _words(flags: BootFlags) -> str:
    return " ".join([flags.device.words, *_asked(flags)])
