"""Keywords that ask whether a BMC is there, wait until it is or is not, and skip what it has not."""

from datetime import timedelta

from robot.api import SkipExecution
from robot.api.deco import keyword

from IpmiLab.context import Context


class PresenceKeywords:
    """Ping, wait, skip."""

    def __init__(self, context: Context) -> None:
        self.context = context

    @keyword
    def skip_unless_target_has(self, *caps: str, session: str | None = None) -> None:
        """Skips the test, with the reason, unless the target has all these capabilities in the inventory.

        Args:
            caps: Words of the inventory's ``caps``, such as ``i2c`` or ``power``.
            session: The alias of the session; else the current one.

        Example:
        | Skip Unless Target Has | i2c |
        """
        target = self.context.held(session).target
        missing = sorted(set(caps) - target.caps)
        if missing:
            raise SkipExecution(f"{target.name} has no {', '.join(missing)} (caps in the inventory)")

    @keyword(tags=["Getter"])
    def ping_bmc(self, *, session: str | None = None) -> timedelta:
        """Sends an RMCP ping; returns how long the pong took, and fails where none comes.

        Args:
            session: The alias of the session; else the current one.

        Example:
        | Ping Bmc |
        """
        return timedelta(seconds=self.context.ipmi(session).ping())

    @keyword(tags=["Wait"])
    def wait_until_bmc_is_ready(
        self,
        timeout: timedelta = timedelta(minutes=5),
        interval: timedelta = timedelta(seconds=2),
        stable: int = 3,
        *,
        session: str | None = None,
    ) -> timedelta:
        """Waits until the BMC answers several times in a row; returns how long it took.

        Args:
            timeout: How long to wait at the most.
            interval: How often to ask.
            stable: How many answers in a row it takes.
            session: The alias of the session; else the current one.

        Example:
        | Wait Until Bmc Is Ready | timeout=2 min |
        """
        ipmi = self.context.ipmi(session)
        return timedelta(seconds=ipmi.wait_until_ready(timeout.total_seconds(), interval.total_seconds(), stable))

    @keyword(tags=["Wait"])
    def wait_until_bmc_is_down(
        self,
        timeout: timedelta = timedelta(minutes=5),
        interval: timedelta = timedelta(seconds=1),
        *,
        session: str | None = None,
    ) -> timedelta:
        """Waits until the BMC answers no more; returns how long it took.

        Args:
            timeout: How long to wait at the most.
            interval: How often to ask.
            session: The alias of the session; else the current one.

        Example:
        | Wait Until Bmc Is Down | timeout=1 min |
        """
        ipmi = self.context.ipmi(session)
        return timedelta(seconds=ipmi.wait_until_down(timeout.total_seconds(), interval.total_seconds()))
