"""OpenIPMI's library as a client, by its shell ``openipmish``: all it is told comes by its stdin, passwords too."""

import ctypes
import re
from collections.abc import Iterator
from contextlib import contextmanager

from ipmi_lab.sessions.crypto import SUITES
from tests.interop.children import Child, run
from tests.interop.peers import Answer, Asked, Client, Lan, PeerMissing, Target, hops, program

AUTHENTICATIONS = {"none": "none", "password": "straight", "md2": "md2", "md5": "md5"}
RAKP = ("rakp_none", "rakp_hmac_sha1", "rakp_hmac_md5", "rakp_hmac_sha256")
INTEGRITY = ("none", "hmac_sha1", "hmac_md5", "md5", "hmac_sha256")
CONFIDENTIALITY = ("none", "aes_cbc_128", "xrc4_128", "xrc4_40")
"""What it calls the algorithms, by their numbers. It has no word for SHA-256, and says so of these."""


def openipmi_name() -> str:
    """Name and version of OpenIPMI, of which ipmi_sim is a part; only its library knows it."""
    try:
        library = ctypes.CDLL("libOpenIPMI.so.0")
    except OSError as missing:
        raise PeerMissing("OpenIPMI's library is not installed (Debian's package openipmi)") from missing
    library.ipmi_openipmi_version.restype = ctypes.c_char_p
    return f"OpenIPMI {library.ipmi_openipmi_version().decode()}"


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


class OpenIpmi(Client):
    """Debian's openipmish. ``t(0.20)`` is the BMC in its commands."""

    def __init__(self) -> None:
        self._program = program("openipmish", "openipmi")
        self.name = openipmi_name()

    def ask(self, asked: Asked) -> Answer:
        target, way, patience = asked.target, asked.way, asked.patience
        words = " ".join(map(str, asked.request))
        line = f"mc msg t(0.20) 0 {words}"
        for address, channel in hops(asked.route):
            line = f"domain msg t {channel} {address} 0 {words}"
        if isinstance(way, Lan):
            how = f"-A {AUTHENTICATIONS[way.authentication]}"
        else:
            suite = SUITES[way.suite]
            how = f"-A rmcp+ -Ra {RAKP[suite.authentication]} -Ri {INTEGRITY[suite.integrity]}"
            how += f" -Rc {CONFIDENTIALITY[suite.confidentiality]}"
        if target.kg:
            how += f' -Rk "{target.kg.decode()}"'
        user = f'-U "{target.user}" -P "{target.password}" -L {asked.level.lower().removesuffix("istrator")}'
        child = Child([self._program])
        try:
            child.tell(f"domain open t -noall -wait_til_up lan {how} {user} -p {target.port} {target.host}")
            child.output.wait_until(lambda said: b"Domain Created" in said or b"rror" in said, patience)
            if "Domain Created" not in child.output.text:
                return Answer(1, child.output.text, "no domain came up")
            child.tell(line)
            child.output.wait_until(lambda said: b"Data: " in said, patience)
            child.tell("domain close t")
            child.output.wait_until(lambda said: b"Domain closed" in said, patience)
        finally:
            child.stop()
        data = re.search(r"Data:((?:\s+0x[0-9a-f]{2})+)", child.output.text)
        if data is None:
            return Answer(1, child.output.text, "no answer came")
        completion, *rest = (int(byte, 16) for byte in data[1].split())
        return Answer(0, child.output.text, "", completion, bytes(rest))

    def told(self, line: str) -> str:
        """What it says to a line without any BMC."""
        return run([self._program], {}, 10, f"{line}\nexit\n").stdout

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
