"""Channels, and the users who come by them."""

from ipmi_lab.commands.channel import (
    AccessMode,
    Change,
    ChannelAccess,
    ChannelInfo,
    ChannelSecurityKey,
    GetChannelAccess,
    GetChannelInfo,
    KeyId,
    KeyOperation,
    SetChannelAccess,
    SetChannelSecurityKeys,
)
from ipmi_lab.commands.command import Request
from ipmi_lab.device.part import Part, World, asks, feature
from ipmi_lab.secret import Secret
from ipmi_lab.wire.codes import Privilege


class ChannelCommands(Part[World]):
    """Commands about channels, under the names of the specification."""

    @asks
    def get_channel_info(self, channel: int = 0x0E) -> Request[ChannelInfo]:
        """What a channel is; 0x0E is the one in use. IPMI 2.0 §22.24."""
        return GetChannelInfo(channel=channel)

    @asks
    def get_channel_access(self, channel: int = 0x0E, copy: Change = Change.VOLATILE) -> Request[ChannelAccess]:
        """When and how a channel may be used. IPMI 2.0 §22.23."""
        return GetChannelAccess(channel=channel, copy=copy)

    @feature
    async def set_channel_access(
        self,
        channel: int,
        *,
        access_mode: AccessMode = AccessMode.ALWAYS_AVAILABLE,
        privilege_limit: Privilege = Privilege.ADMINISTRATOR,
        alerting_disabled: bool = False,
        per_message_authentication_disabled: bool = False,
        user_level_authentication_disabled: bool = False,
        change_access: Change = Change.NONE,
        change_privilege: Change = Change.NONE,
    ) -> None:
        """Say when and how a channel may be used; what is not to be changed stays. IPMI 2.0 §22.22."""
        await self.link.send(
            SetChannelAccess(
                channel=channel,
                change_access=change_access,
                alerting_disabled=alerting_disabled,
                per_message_authentication_disabled=per_message_authentication_disabled,
                user_level_authentication_disabled=user_level_authentication_disabled,
                access_mode=access_mode,
                change_privilege=change_privilege,
                privilege_limit=privilege_limit,
            )
        )

    @feature
    async def set_channel_security_keys(
        self,
        operation: KeyOperation,
        key: Secret | None = None,
        *,
        channel: int = 0x0E,
        key_id: KeyId = KeyId.K_G,
    ) -> ChannelSecurityKey:
        """Read, set or lock a key, which is written as for a login: text, or ``0x`` and hex digits. A new K_G counts
        from the next login on. IPMI 2.0 §22.25."""
        return await self.link.send(
            SetChannelSecurityKeys(channel=channel, operation=operation, key_id=key_id, key=key)
        )
