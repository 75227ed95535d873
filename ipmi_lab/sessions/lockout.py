"""Wrong logins, counted by machine: whoever guesses passwords is not heard for a while."""

from collections import OrderedDict, deque

from ipmi_lab.sessions.table import Address

FAILURES, FAILURE_SPAN = 5, 10.0  # so many within so many seconds
ADDRESSES = 1024


class Lockout:
    """Remembers the latest wrong logins of each machine, and of no more than so many machines."""

    def __init__(self) -> None:
        self._failures: OrderedDict[Address, deque[float]] = OrderedDict()

    def failed(self, address: Address, now: float) -> None:
        """Count a login that went wrong."""
        host = host_of(address)
        times = self._failures.setdefault(host, deque(maxlen=FAILURES))
        self._failures.move_to_end(host)
        times.append(now)
        while len(self._failures) > ADDRESSES:
            self._failures.popitem(last=False)

    def holds(self, address: Address, now: float) -> bool:
        """Whether too many logins from there went wrong just now."""
        times = self._failures.get(host_of(address))
        return times is not None and len(times) == FAILURES and now - times[0] < FAILURE_SPAN


def host_of(address: Address) -> Address:
    """The machine of an address, whatever port it is."""
    return address[0] if isinstance(address, tuple) else address
