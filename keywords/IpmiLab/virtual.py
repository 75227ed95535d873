"""Keywords that start BMCs of software, and make networks bad on purpose."""

import itertools
from typing import Literal

from robot.api.deco import keyword

from ipmi_lab.errors import LocalError
from ipmi_lab.ports.address import Address
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

        The first one of a profile is the machine that ``virtual:rack-server`` means everywhere; while one runs, another
        gets a name of its own. It lives until `Stop Virtual Bmc`, or as long as the library.

        Args:
            profile: ``rack-server``, ``legacy``, ``atca-shelf``, ``multi-mc``, or the path of a profile in YAML.
            serial: Reach it over a serial line (a pseudo terminal) in this mode, and not over the network.

        Example:
        | ${bmc}= | Start Virtual Bmc | legacy |
        | Establish Session | ${bmc} |
        | ${line}= | Start Virtual Bmc | serial=terminal |
        """
        lab = self.context.lab
        options = [("way", f"serial-{serial}")] if serial else []
        for number in itertools.count(1):
            more = [("number", str(number))] if number > 1 else []
            target = lab.target(str(Address("virtual", profile, options=(*options, *more))))
            if lab.virtual_bmc(target.name) is None:
                break
        lab.real(target)
        return target.name

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

        At the end of the test that injects it all is as it was before; at the end of the suite, where the suite setup
        does. The library's ``auto_close`` changes that, as it does for sessions.

        Args:
            kind: ``loss``, ``duplicate``, ``reorder``, ``corrupt``, ``truncate``, ``drop``, ``noise``, ``stray`` (a
                share from 0 to 1), ``delay``, ``jitter`` (seconds), ``seed``, ``refuse`` (so many commands), or
                ``none`` to end all.
            value: How much of it.
            code: The completion code that ``refuse`` answers, 1 to 255.
            session: The alias of the session; else the current one.

        Example:
        | Inject Fault | loss | 0.2 |
        | Inject Fault | refuse | 3 | code=0xC0 |
        | Inject Fault | none |
        """
        target = self.context.held(session).target
        lab = self.context.lab
        name = lab.trunk(target).name
        network, served = lab.faults(name), lab.virtual_bmc(name)
        machine = network if served is None else served.faults
        for faults in (network, machine):
            self.context.spoil(faults)
        if kind == "none":
            network.clear()
            machine.clear()
        elif kind != "refuse":
            network.set(**{kind: value})
        elif served is not None:
            machine.set(refuse=value, code=code)
        else:
            raise LocalError("only a virtual BMC refuses commands on purpose", target=target.name)
