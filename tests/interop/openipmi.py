"""OpenIPMI's library as a client, by its shell ``openipmish``: all it is told comes by its stdin, passwords too."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.interop.children import Child
from tests.interop.peers import Target, program


class Domain:
    """A BMC that OpenIPMI has looked at whole; it keeps its session until the end."""

    def __init__(self, child: Child) -> None:
        self._child = child

    def said(self, line: str, last: str) -> str:
        """What it answers to a command, up to the line that is the last."""
        before = len(self._child.output.text)
        self._child.tell(line)
        assert self._child.output.wait_until(lambda said: last in said.decode(errors="replace")[before:]), (
            f"{line} was not answered by {last!r}:\n{self._child.output.text[before:]}"
        )
        return self._child.output.text[before:]


class OpenIpmi:
    """Debian's openipmish. ``t(0.20)`` is the BMC in its commands."""

    name = "OpenIPMI"

    def __init__(self) -> None:
        self._program = program("openipmish", "openipmi")

    @contextmanager
    def domain(self, target: Target, authentication: str) -> Iterator[Domain]:
        """A session of IPMI 1.5 (``md5``) or 2.0 (``rmcp+``), for the time of the block."""
        child = Child([self._program])
        try:
            where = f"-p {target.port} {target.host}"
            domain = Domain(child)
            domain.said(
                f'domain open t lan -U {target.user} -P "{target.password}" -A {authentication} -L admin {where}',
                "Operation: Domain fully up",
            )
            yield domain
            domain.said("domain close t", "Domain closed: t")
        finally:
            child.stop()
