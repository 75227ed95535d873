"""The sequence numbers of a session: which one is next, and which of the peer's were seen. IPMI 2.0 §6.12.13."""

WRAP = 0x1_0000_0000
LAST = WRAP - 1


def following(sequence: int) -> int:
    """The next number to send; zero is for outside sessions and is skipped."""
    return 1 if sequence == LAST else sequence + 1


class Window:
    """Takes each number once, within so many behind and ahead of the highest that was seen.

    ``first`` is the number that the peer starts with; it is not seen yet.
    """

    __slots__ = ("_kept", "ahead", "behind", "highest", "missing")

    def __init__(self, first: int, *, behind: int, ahead: int) -> None:
        self.behind, self.ahead = behind, ahead
        self.highest = first
        self.missing = self._kept = (2 << behind) - 1  # bit n: highest - n may still come

    def fresh(self, sequence: int) -> bool:
        """Whether the number is inside the window and new. Nothing is remembered before the packet proved genuine."""
        step = self._step(sequence)
        if step > 0:
            return step <= self.ahead
        return bool(self.missing >> -step & 1)

    def mark(self, sequence: int) -> None:
        """Remember a number whose packet proved genuine."""
        step = self._step(sequence)
        if step > 0:
            self.missing = (self.missing << step | (1 << step) - 2) & self._kept
            self.highest = sequence
        else:
            self.missing &= ~(1 << -step)

    def _step(self, sequence: int) -> int:
        step = (sequence - self.highest) % WRAP
        return step - WRAP if step >= WRAP // 2 else step


def window15(first: int) -> Window:
    """Eight either way, as IPMI 1.5 wants."""
    return Window(first, behind=8, ahead=8)


def window20(first: int = 1) -> Window:
    """Sixteen behind, fifteen ahead, as RMCP+ wants."""
    return Window(first, behind=16, ahead=15)
