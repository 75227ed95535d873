"""Keywords that start BMCs of software."""

from typing import Literal

from robot.api.deco import keyword

from ipmi_lab.errors import LocalError
from IpmiLab.context import Context


class VirtualKeywords:
    """Virtual BMCs, for suites without hardware."""

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
    def inject_fault(self, kind: str, value: float = 1, *, code: int = 0xC0, session: str | None = None) -> None:
        """Makes the network of a virtual BMC lose, double or spoil datagrams from now on, or its BMC refuse commands.

        Args:
            kind: ``loss``, ``duplicate``, ``reorder``, ``corrupt``, ``truncate``, ``drop``, ``noise`` (a share from 0
                to 1), ``delay``, ``jitter`` (seconds), ``refuse`` (so many commands), or ``none`` to end all.
            value: How much of it.
            code: The completion code that ``refuse`` answers.
            session: The alias of the session; else the current one.

        Example:
        | Inject Fault | loss | 0.2 |
        | Inject Fault | refuse | 3 | code=0xC0 |
        | Inject Fault | none |
        """
        target = self.context.held(session).target
        served = self.context.lab.virtual_bmc(self.context.lab.trunk(target).name)
        if served is None:
            raise LocalError("only a virtual BMC has faults on purpose", target=target.name)
        if kind == "none":
            served.faults.clear()
        else:
            served.faults.set(**{kind: value}, **({"code": code} if kind == "refuse" else {}))
