"""Keywords that start BMCs of software, and make networks bad on purpose."""

from typing import Literal

from robot.api.deco import keyword

from ipmi_lab.errors import LocalError
from IpmiLab.context import Context


class VirtualKeywords:
    """Virtual BMCs, for suites without hardware; faults on purpose, before these and before real ones."""

    def __init__(self, context: Context) -> None:
        self.context = context

    @keyword
    def start_virtual_bmc(
        self, profile: str = "rack-server", serial: Literal["basic", "terminal"] | None = None
    ) -> str:
        """Starts a virtual BMC on a free port of this machine; returns what `Establish Session` takes as its target.

        It lives until `Stop Virtual Bmc`, or as long as the library.

        Args:
            profile: ``rack-server``, ``legacy``, or the path of a profile in YAML.
            serial: Reach it over a serial line (a pseudo terminal) in this mode, and not over the network.

        Example:
        | ${bmc}= | Start Virtual Bmc | legacy |
        | Establish Session | ${bmc} |
        | ${line}= | Start Virtual Bmc | serial=terminal |
        """
        name = f"virtual:{profile}" + (f"?way=serial-{serial}" if serial else "")
        lab = self.context.lab
        lab.real(lab.target(name))
        return name

    @keyword
    def stop_virtual_bmc(self, target: str) -> None:
        """Ends a virtual BMC: nobody listens on its port any more.

        Args:
            target: What `Start Virtual Bmc` returned.

        Example:
        | Stop Virtual Bmc | ${bmc} |
        """
        if not self.context.lab.stop_virtual(target):
            raise LocalError(f"no virtual BMC {target!r} runs", hint="Give what Start Virtual Bmc returned.")

    @keyword
    def start_fault_relay(self, target: str) -> None:
        """Puts a network that can be bad on purpose before a target, also before a real BMC: sessions that are
        established from now on go through it, and `Inject Fault` says what goes wrong there.

        It stays until `Stop Fault Relay`, or as long as the library.

        Args:
            target: A name of the inventory or a URL.

        Example:
        | Start Fault Relay | bmc1 |
        | Establish Session | bmc1 |
        | Inject Fault | loss | 0.2 |
        """
        self.context.lab.relay(target)

    @keyword
    def stop_fault_relay(self, target: str) -> None:
        """Lets new sessions with the target pass by its relay; those that go through it have a good network again.

        Args:
            target: What `Start Fault Relay` was given.

        Example:
        | Stop Fault Relay | bmc1 |
        """
        if not self.context.lab.end_relay(target):
            raise LocalError("no fault relay stands before it", target=target, hint="Use Start Fault Relay first.")

    @keyword
    def inject_fault(self, kind: str, value: float = 1, *, code: int = 0xC0, session: str | None = None) -> None:
        """Makes the network of a virtual BMC, or that of a fault relay, lose, double or spoil datagrams from now on;
        or makes a virtual BMC refuse commands.

        Args:
            kind: ``loss``, ``duplicate``, ``reorder``, ``corrupt``, ``truncate``, ``drop``, ``noise``, ``stray`` (a
                share from 0 to 1), ``delay``, ``jitter`` (seconds), ``seed``, ``refuse`` (so many commands), or
                ``none`` to end all.
            value: How much of it.
            code: The completion code that ``refuse`` answers.
            session: The alias of the session; else the current one.

        Example:
        | Inject Fault | loss | 0.2 |
        | Inject Fault | refuse | 3 | code=0xC0 |
        | Inject Fault | none |
        """
        target = self.context.held(session).target
        lab = self.context.lab
        name = lab.trunk(target).name
        faults = lab.faults(name)
        if kind == "none":
            faults.clear()
        elif kind != "refuse":
            faults.set(**{kind: value})
        else:
            served = lab.virtual_bmc(name)
            if served is None:
                raise LocalError("only a virtual BMC refuses commands on purpose", target=target.name)
            served.faults.set(refuse=value, code=code)
