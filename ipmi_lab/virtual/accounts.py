"""What a login must know of a virtual BMC: the users, keys and rules of the channel that it comes by."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ipmi_lab.commands.channel import AccessMode, ChannelAccess
from ipmi_lab.sessions.accounts import Account
from ipmi_lab.wire.codes import Privilege

if TYPE_CHECKING:
    from ipmi_lab.virtual.bmc import VirtualBmc

STRAIGHT, NO_AUTHENTICATION, SUITE_WITHOUT_ANY = 4, 0, 0


class ChannelAccounts:
    """``sessions.Accounts`` of one channel: the LAN has cipher suites, the serial line has none. What shows a password,
    or takes none, is for ``insecure`` profiles only."""

    def __init__(self, bmc: "VirtualBmc", channel: int, suites: Iterable[int], authentications: Iterable[int]) -> None:
        self._bmc, self._channel = bmc, channel
        self._suites, self._authentications = suites, authentications
        profile = bmc.profile
        self.guid = profile.guid_bytes
        self.session_slots = profile.session_slots
        self.spare_after, self.session_timeout = profile.spare_after, profile.session_timeout

    @property
    def _access(self) -> ChannelAccess:
        return self._bmc.channels.now(self._channel)

    def find(self, user_name: bytes, privilege: Privilege | None) -> Account | None:
        for number, user in self._bmc.users.users.items():
            rights = user.rights[self._channel]
            fits = user.user_name == user_name and (privilege is None or rights.limit == privilege)
            if fits and user.can_log_in(self._channel):
                limit = min(rights.limit, Privilege.CALLBACK) if rights.callback_only else rights.limit
                return Account(number, user_name, user.password, limit, user.long_password, user.session_limit)
        return None

    def kinds(self) -> tuple[bool, bool, bool]:
        """Whether somebody can log in with a name, without one, and with neither name nor password."""
        able = [user for user in self._bmc.users.users.values() if user.can_log_in(self._channel)]
        nameless = [user for user in able if not user.user_name]
        named, null = len(able) > len(nameless), any(user.password for user in nameless)
        return named, null, any(not user.password for user in nameless)

    def suites(self) -> frozenset[int]:
        insecure = self._bmc.profile.insecure
        return frozenset(number for number in self._suites if insecure or number != SUITE_WITHOUT_ANY)

    def authentications(self) -> frozenset[int]:
        insecure = self._bmc.profile.insecure
        weak = (NO_AUTHENTICATION, STRAIGHT)
        return frozenset(number for number in self._authentications if insecure or number not in weak)

    def kg(self) -> bytes:
        return self._bmc.users.key

    def limit(self) -> Privilege:
        return self._access.privilege_limit

    def signs_every_packet(self) -> bool:
        return not self._access.per_message_authentication_disabled

    def signs_as_user(self) -> bool:
        return not self._access.user_level_authentication_disabled

    def takes_sessions(self) -> bool:
        return self._access.access_mode != AccessMode.DISABLED
