"""What stands in the place of a lab's targets, or before them: virtual BMCs, and networks that are bad on purpose."""

import threading
import weakref
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ipmi_lab.errors import LocalError
from ipmi_lab.inventory.target import Target
from ipmi_lab.secret import Secret

if TYPE_CHECKING:
    from ipmi_lab.virtual.farm import Farm, Served
    from ipmi_lab.virtual.faults import Faults, Relay

STANDS_FOR_ANOTHER: dict[str, Any] = dict.fromkeys(("expect_device_id", "expect_system_guid", "expect_device_guid"))


class StandIns:
    """The part of a ``Lab`` that starts virtual BMCs and relays. ``virtual`` is the profile that replaces every target,
    or None. They live as long as the lab."""

    def __init__(self, virtual: str | None) -> None:
        self.virtual = virtual
        self._farm: Farm | None = None
        self._virtual: dict[str, Target] = {}
        self._served: dict[str, Served] = {}
        self._relays: dict[str, Relay] = {}  # all that were started, each with those who go through it
        self._relayed: set[str] = set()  # the targets whose new sessions go through theirs
        self._secrets: dict[str, Secret] = {}
        self._making = threading.RLock()  # threads that open targets at the same time share what they share

    def target(self, name: str) -> Target:
        """A target by name or URL; LocalError says what there is."""
        raise NotImplementedError

    def caps(self, target: Target) -> frozenset[str]:
        """What a target can do: as the inventory says, and a virtual one as its profile says."""
        if self.virtual is None and (target.via is not None or target.address.scheme != "virtual"):
            return target.caps
        from ipmi_lab.virtual.profile import load

        own = frozenset(load(self.virtual or target.address.host).caps)
        return own if self.virtual is not None else own | target.caps

    def real(self, target: Target) -> Target:
        """The target itself, or the virtual BMC that stands for it, started at its first use; behind a relay where one
        was put before it."""
        with self._making:
            if self.virtual is not None or (target.via is None and target.address.scheme == "virtual"):
                if target.name not in self._virtual:
                    self._virtual[target.name] = self._start(target)
                target = self._virtual[target.name]
            if target.name not in self._relayed:
                return target
            relay = self._relays[target.name]
            return replace(target, address=replace(target.address, host=relay.host, port=relay.port))

    def _start(self, target: Target) -> Target:
        from ipmi_lab.ports.address import Address
        from ipmi_lab.virtual.farm import Farm
        from ipmi_lab.virtual.profile import reaches

        if self._farm is None:
            self._farm = Farm()
        mode = target.address.option("mode")  # whoever stands for a serial line is reached over one too
        if target.address.scheme == "virtual":
            mode = (target.address.option("way") or "").partition("serial-")[2] or None
        served = self._served[target.name] = self._farm.open(self.virtual or target.address.host, serial=mode)
        self._secrets[target.name] = served.password
        if self.virtual is not None and not reaches(served.profile, target.bridge):
            target = replace(target, bridge=())  # the BMC itself stands for the controller that is not there
        address = Address("auto", served.host, served.port, served.user)
        if mode is not None:
            address = Address.parse(served.serial_url)
        return replace(
            target,
            via=None,
            address=address,
            user=address.user,
            cipher=None,
            caps=target.caps | frozenset(served.profile.caps)
            if self.virtual is None
            else frozenset(served.profile.caps),
            **({} if self.virtual is None else STANDS_FOR_ANOTHER),
        )

    def stop_virtual(self, name: str) -> bool:
        """End the virtual BMC of a target; False where none runs."""
        served = self.virtual_bmc(name)
        if served is None or self._farm is None:
            return False
        del self._virtual[name], self._served[name]
        self._relayed.discard(name)
        if name in self._relays:
            self._relays.pop(name).close()
        self._farm.stop(served)
        return True

    def virtual_bmc(self, name: str) -> "Served | None":
        """The virtual BMC that stands for a target, or None where none runs."""
        served = self._served.get(name)
        return served if self._farm is not None and served in self._farm.served else None

    def relay(self, name: str) -> "Relay":
        """Put a network that can be bad on purpose before a target, by name or URL: sessions that are opened from now
        on go through it. ``lab.relay("bmc1").faults.set(loss=0.1)``."""
        from ipmi_lab.ports.address import NETWORK
        from ipmi_lab.virtual.faults import Relay

        target = self.target(name)
        if target.name not in self._relays:
            there = self.real(target).address
            if there.scheme not in NETWORK:
                raise LocalError("a relay stands on a network, and this target is on none", target=target.name)
            self._relays[target.name] = Relay(there.host, there.port)
        self._relayed.add(target.name)
        return self._relays[target.name]

    def end_relay(self, name: str) -> bool:
        """Let new sessions with a target pass by its relay, and those that go through it have a good network again;
        False where none stands."""
        known = self.target(name).name
        if known not in self._relayed:
            return False
        self._relayed.remove(known)
        self._relays[known].faults.clear()
        return True

    def faults(self, name: str) -> "Faults":
        """The faults of the relay before a target, or of its virtual BMC; LocalError where it has neither."""
        served = self.virtual_bmc(name)
        if name in self._relayed:
            return self._relays[name].faults
        if served is not None:
            return served.faults
        raise LocalError(
            "nothing can go wrong on purpose here",
            target=name,
            hint="Start a fault relay before the target, or use a virtual BMC.",
        )

    def close_behind(self, device: object) -> None:
        """End them when nobody holds the device any more."""
        if self._farm is not None:
            weakref.finalize(device, self.close)

    def close(self) -> None:
        """End the relays and the virtual BMCs of this lab."""
        for relay in self._relays.values():
            relay.close()
        self._relays.clear()
        self._relayed.clear()
        if self._farm is not None:
            self._farm.close()
            self._farm = None
            self._virtual.clear()
            self._served.clear()
