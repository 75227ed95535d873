"""The text commands of a serial line in terminal mode."""

from ipmi_lab.commands.terminal import text_command
from ipmi_lab.device.part import Part, World, feature


class TerminalCommands(Part[World]):
    """What people can type there too."""

    @feature
    async def send_text_command(self, text: str) -> str:
        """Send ``POWER ON``, ``HEALTH QUERY``, ``IDENTIFY`` …; gives what the BMC replied, behind its OK.

        CompletionError where it says ERR, LocalError where the text is no command. IPMI 2.0 §14.7.5.
        """
        return await self.link.say(text_command(text))
