"""Keywords that start BMCs of software."""

from robot.api.deco import keyword

from ipmi_lab.errors import LocalError
from IpmiLab.context import Context


class VirtualKeywords:
    """Virtual BMCs, for suites without hardware."""

    def __init__(self, context: Context) -> None:
        self.context = context

    @keyword
    def start_virtual_bmc(self, profile: str = "rack-server") -> str:
        """Starts a virtual BMC on a free port of this machine; returns what `Establish Session` takes as its target.

        It lives until `Stop Virtual Bmc`, or as long as the library.

        Args:
            profile: ``rack-server``, ``legacy``, or the path of a profile in YAML.

        Example:
        | ${bmc}= | Start Virtual Bmc | legacy |
        | Establish Session | ${bmc} |
        """
        name = f"virtual:{profile}"
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
