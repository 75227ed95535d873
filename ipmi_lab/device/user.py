"""Users of a BMC."""

from ipmi_lab.commands.command import Request
from ipmi_lab.commands.user import (
    GetUserAccess,
    GetUserName,
    PasswordOperation,
    SetUserAccess,
    SetUserName,
    SetUserPassword,
    UserAccess,
)
from ipmi_lab.device.part import Part, World, asks, feature
from ipmi_lab.secret import Secret
from ipmi_lab.wire.codes import Privilege


class UserCommands(Part[World]):
    """Commands about users, under the names of the specification."""

    @asks
    def get_user_access(self, user_id: int, channel: int = 0x0E) -> Request[UserAccess]:
        """What a user may do on a channel. IPMI 2.0 §22.27."""
        return GetUserAccess(user_id=user_id, channel=channel)

    @feature
    async def set_user_access(
        self,
        user_id: int,
        privilege_limit: Privilege,
        *,
        channel: int = 0x0E,
        ipmi_messaging: bool = True,
        callback_only: bool = False,
        link_authentication: bool = False,
        change_rights: bool = True,
        session_limit: int | None = None,
    ) -> None:
        """Say what a user may do on a channel; without ``change_rights`` only the privilege limit is written.
        ``session_limit`` is how many sessions he may have at once (0: any number); not all BMCs know it.
        IPMI 2.0 §22.26."""
        await self.link.send(
            SetUserAccess(
                change_rights=change_rights,
                session_limit=session_limit,
                channel=channel,
                user_id=user_id,
                privilege_limit=privilege_limit,
                ipmi_messaging=ipmi_messaging,
                callback_only=callback_only,
                link_authentication=link_authentication,
            )
        )

    @feature
    async def get_user_name(self, user_id: int) -> str:
        """The name of a user; empty where he has none. IPMI 2.0 §22.29."""
        return (await self.link.send(GetUserName(user_id=user_id))).user_name

    @feature
    async def set_user_name(self, user_id: int, user_name: str) -> None:
        """Name a user, at most 16 bytes. IPMI 2.0 §22.28."""
        await self.link.send(SetUserName(user_id=user_id, user_name=user_name))

    @feature
    async def set_user_password(
        self, user_id: int, operation: PasswordOperation, password: Secret | None = None, *, long: bool = False
    ) -> None:
        """Set or test a user's password, or enable or disable the user. IPMI 2.0 §22.30."""
        await self.link.send(SetUserPassword(user_id=user_id, operation=operation, password=password, long=long))
