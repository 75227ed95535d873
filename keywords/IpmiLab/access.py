"""Keywords that ask how one logs in, and as whom one is logged in."""

from typing import Any

from robot.api.deco import keyword

from ipmi_lab.commands.channel import PayloadType
from ipmi_lab.commands.session import SessionInfo
from ipmi_lab.wire.codes import Privilege
from IpmiLab.context import Context
from IpmiLab.types import Operator


class AccessKeywords:
    """The session and its privilege as the BMC keeps them, and what the channel takes."""

    def __init__(self, context: Context) -> None:
        self.context = context

    @keyword(tags=["Getter"])
    def get_session_info(
        self,
        operator: Operator = None,
        expected: Any = None,
        message: str | None = None,
        *,
        index: int = 0,
        session_handle: int | None = None,
        session_id: int | None = None,
        session: str | None = None,
    ) -> SessionInfo:
        """Returns what the BMC keeps of a session: handle, user, privilege, console.

        Args:
            operator: How to check it, such as ``validate``.
            expected: What to check it against, such as ``value.privilege == 4``.
            message: What to say if it does not fit.
            index: 0 is the session that asks, 1 to 253 the n-th active one.
            session_handle: The handle of the session, instead of its index.
            session_id: The id that the BMC gave the session, instead of its index.
            session: The alias of the session; else the current one.

        Example:
        | ${info}= | Get Session Info |
        | Get Session Info | validate | value.user_id == 2 |
        | ${second}= | Get Session Info | index=2 |
        """
        ipmi = self.context.ipmi(session)
        found: SessionInfo = self.context.checked(
            lambda: ipmi.get_session_info(index, session_handle=session_handle, session_id=session_id),
            operator,
            expected,
            message,
        )
        return found

    @keyword(tags=["Setter"])
    def set_session_privilege_level(self, level: Privilege, *, session: str | None = None) -> Privilege:
        """Raises or lowers the privilege of the session; returns the level that it had.

        Args:
            level: ``user``, ``operator`` or ``administrator``.
            session: The alias of the session; else the current one.

        Example:
        | Set Session Privilege Level | operator |
        """
        ipmi = self.context.ipmi(session)
        before = ipmi.set_session_privilege_level(Privilege.HIGHEST)
        ipmi.set_session_privilege_level(level)
        return before

    @keyword(tags=["Getter"])
    def get_channel_authentication_capabilities(
        self,
        channel: int = 0x0E,
        privilege: Privilege = Privilege.CALLBACK,
        operator: Operator = None,
        expected: Any = None,
        message: str | None = None,
        *,
        session: str | None = None,
    ) -> Any:
        """Returns how one logs in on a channel.

        Args:
            channel: The channel; 0x0E is the one in use.
            privilege: The level that is asked about.
            operator: How to check it, such as ``validate``.
            expected: What to check it against, such as ``value.ipmi20``.
            message: What to say if it does not fit.
            session: The alias of the session; else the current one.

        Example:
        | Get Channel Authentication Capabilities | operator=validate | expected=not value.none |
        """
        ipmi = self.context.ipmi(session)
        return self.context.checked(
            lambda: ipmi.get_channel_authentication_capabilities(channel, privilege), operator, expected, message
        )

    @keyword(tags=["Getter"])
    def get_channel_cipher_suites(
        self,
        channel: int = 0x0E,
        operator: Operator = None,
        expected: Any = None,
        message: str | None = None,
        *,
        payload_type: PayloadType = PayloadType.IPMI,
        session: str | None = None,
    ) -> Any:
        """Returns the numbers of the cipher suites that a channel takes.

        Args:
            channel: The channel; 0x0E is the one in use.
            operator: How to check the list, such as ``validate``.
            expected: What to check it against, such as ``0 not in value``.
            message: What to say if it does not fit.
            payload_type: What the suites are for, ``ipmi`` or ``sol``.
            session: The alias of the session; else the current one.

        Example:
        | Get Channel Cipher Suites | operator=validate | expected=0 not in value |
        """
        ipmi = self.context.ipmi(session)
        return self.context.checked(
            lambda: [suite.number for suite in ipmi.get_channel_cipher_suites(channel, payload_type)],
            operator,
            expected,
            message,
        )
