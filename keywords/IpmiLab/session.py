"""Keywords that open and close sessions, and choose among them."""

from dataclasses import replace
from datetime import timedelta

from robot.api.deco import keyword
from robot.libraries.BuiltIn import BuiltIn

from ipmi_lab.errors import LocalError, SessionError
from ipmi_lab.inventory.target import Target, route
from ipmi_lab.wire.codes import Privilege
from IpmiLab.context import Context
from IpmiLab.types import Password


class SessionKeywords:
    """Sessions: establish, switch, close."""

    def __init__(self, context: Context) -> None:
        self.context = context

    @keyword(tags=["Setter"])
    def establish_session(
        self,
        target: str | None = None,
        *,
        alias: str | None = None,
        host: str | None = None,
        port: int | None = None,
        user: str | None = None,
        password: Password = None,  # type: ignore[assignment]  # of a union, Robot would not tell what is wrong
        privilege: Privilege = None,  # type: ignore[assignment]  # as above
        cipher: int | None = None,
        transport: str | None = None,
        via: str | None = None,
        bridge: str | None = None,
        timeout: timedelta | None = None,
        keep_alive: timedelta | None = None,
        kg: Password = None,  # type: ignore[assignment]  # as above
        authentication: str | None = None,
        name_only: bool | None = None,
        quirks: str | None = None,
        wait_for_slot: timedelta | None = None,
    ) -> str:
        """Opens a session with a target and makes it the current one; returns its alias.

        What is not given comes from the inventory. A session that is open under the same alias is an error.
        It is closed at the end of the test that opened it, or at the end of the suite where the suite setup did.

        Args:
            target: A name of the inventory, or a URL such as ``lanplus://admin@10.0.0.7``; ``open://`` is the BMC of
                the machine that runs the suite.
            alias: How the session is called from now on; else the target's name.
            host: The host of a target that no inventory names.
            port: Its UDP port, else 623.
            user: Who logs in, instead of the inventory's user.
            password: His password, a value of type ``Secret``.
            privilege: The wanted level: ``user``, ``operator``, ``administrator``.
            cipher: The cipher suite, 0 to 19; else the strongest that both ends have.
            transport: ``lanplus``, ``lan`` or ``auto``, for ``host``.
            via: The target over whose session this one is reached, where the inventory does not say so.
            bridge: The hops on the way to it, such as ``0x82@0, 0x76@7``: address and channel of each.
            timeout: The longest wait of one try.
            keep_alive: How often a silent session is kept awake; 0 for never.
            kg: The key K_g of the BMC, a value of type ``Secret``: text, or ``0x`` and hex digits.
            authentication: For IPMI 1.5: ``md5``, ``md2``, ``none``, or ``straight`` (the password goes readable).
            name_only: ``False`` looks the user up by name and exactly this privilege.
            quirks: What this BMC does wrong besides what the inventory says, such as ``opensesspriv,tagzero``.
            wait_for_slot: How long to wait where all sessions of the BMC are taken.

        Example:
        | Establish Session | bmc1 |
        | Establish Session | bmc1 | alias=viewer | user=viewer | privilege=user |
        | Establish Session | alias=amc3 | via=shelf | bridge=0x82@0, 0x76@7 |
        """
        context = self.context
        wanted = self._target(target, host, port, transport) if via is None else via
        if via is not None or bridge is not None:
            wanted = self._behind(wanted, via, bridge, alias, given=target or host)
        name = alias or (wanted if isinstance(wanted, str) else wanted.name)
        if name in context.sessions:
            raise SessionError(
                "a session of that name is open already", target=name, hint="Close it, or give another alias=."
            )
        found = context.lab.real(context.lab.target(wanted) if isinstance(wanted, str) else wanted)
        limit = timeout or context.settings.timeout
        ipmi = context.lab.open(
            found,
            user=user,
            password=password,
            privilege=privilege,
            cipher=cipher,
            timeout=limit.total_seconds() if limit else None,
            keep_alive_interval=keep_alive.total_seconds() if keep_alive is not None else None,
            kg=kg,
            authentication=authentication,
            name_only=name_only,
            quirks=[word.strip() for word in (quirks or "").split(",") if word.strip()],
            wait_for_slot=wait_for_slot.total_seconds() if wait_for_slot is not None else None,
            observe=context.run.observe(found.name),
        )
        ipmi.session.establish()
        context.add(name, ipmi, found)
        context.run.identify(ipmi, found)
        if context.scopes and context.scopes[-1].startswith("test:"):
            BuiltIn().set_tags(f"target:{found.name}")
        return name

    def _target(self, target: str | None, host: str | None, port: int | None, transport: str | None) -> str | Target:
        if target is not None and host is not None:
            raise LocalError("both a target and a host are given", hint="Give one of them.")
        if target is not None:
            return target
        if host is None:
            names = list(self.context.lab.targets)
            if len(names) == 1:
                return names[0]
            raise LocalError("no target is given", hint=f"Known are: {', '.join(names) or 'none'}. Or give host=.")
        address = f"[{host}]" if ":" in host else host
        found = Target.from_url(f"{transport or 'lanplus'}://{address}:{port or 623}")
        return Target(host, found.address)

    def _behind(
        self, wanted: str | Target, via: str | None, bridge: str | None, alias: str | None, given: str | None
    ) -> Target:
        """A target behind controllers: over the session of another, or over one of its own."""
        if bridge is None:
            raise LocalError("via= needs the hops behind it", hint="Give bridge=0x82@0, or name a target instead.")
        if via is not None:
            if given is not None:
                raise LocalError(
                    "via= stands beside a target", hint="Give alias=, via= and bridge=, or write via: in the inventory."
                )
            return self.context.lab.behind(via, bridge, alias)
        if isinstance(wanted, str):
            return self.context.lab.behind(wanted, bridge, alias)
        return replace(wanted, name=alias or wanted.name, bridge=route(bridge))

    @keyword
    def close_session(
        self, alias: str | None = None, *, session_id: int | None = None, session_handle: int | None = None
    ) -> None:
        """Gives a session back to the BMC; the one before becomes the current one.

        With ``session_id`` or ``session_handle`` it ends somebody else's session on the same BMC, which takes the
        permission ``write`` and an administrator.

        Args:
            alias: Which session; else the current one.
            session_id: The id that the BMC gave the session to end.
            session_handle: The handle of the session to end, as Get Session Info shows it.

        Example:
        | Close Session |
        | Close Session | session_handle=3 |
        """
        if session_id is None and session_handle is None:
            self.context.close(self.context.held(alias).alias)
        else:
            self.context.ipmi(alias).close_session(session_id or 0, session_handle)

    @keyword
    def close_all_sessions(self) -> None:
        """Gives all sessions back.

        Example:
        | Close All Sessions |
        """
        for alias in list(self.context.sessions):
            self.context.close(alias)

    @keyword(tags=["Setter"])
    def switch_session(self, alias: str) -> str | None:
        """Makes another session the current one; returns the alias of the one that was.

        Args:
            alias: The session to use from now on.

        Example:
        | ${before}= | Switch Session | bmc2 |
        """
        return self.context.switch(alias)

    @keyword(tags=["Assertion"])
    def session_should_be_open(self, alias: str | None = None) -> None:
        """Fails unless the session is open.

        Args:
            alias: Which session; else the current one.

        Example:
        | Session Should Be Open | bmc1 |
        """
        self.context.held(alias)
