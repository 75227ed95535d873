"""ipmitool and FreeIPMI as Python functions. No password stands on a command line, and no file of the user is read."""

import re
import tempfile
from math import ceil
from pathlib import Path

from tests.interop.children import run
from tests.interop.peers import Answer, Asked, Client, Lan, LanPlus, Target, Way, hops, program

AUTHENTICATIONS = {"none": "NONE", "password": "STRAIGHT_PASSWORD_KEY", "md2": "MD2", "md5": "MD5"}  # for FreeIPMI


class Ipmitool(Client):
    """Debian's ipmitool, with ``home`` in place of the user's home."""

    def __init__(self, home: Path) -> None:
        self._program = program("ipmitool", "ipmitool")
        self._home = home
        self.name = run([self._program, "-V"], {}, 10).stdout.strip().replace(" version", "")

    def run(self, target: Target, way: Way, *words: str, level: str = "ADMINISTRATOR", patience: float = 2) -> Answer:
        """Any command of ipmitool: ``run(target, LanPlus(3), "chassis", "status")``."""
        environment = {"IPMI_PASSWORD": target.password}
        if isinstance(way, Lan):
            options = ["-I", "lan", "-A", way.authentication.upper()]
        else:
            options = ["-I", "lanplus", "-C", str(way.suite)]
        if target.kg.isascii():  # -y makes the exit code 0 even where no session comes about
            environment["IPMI_KGKEY"] = target.kg.decode()
            options += ["-K"] if target.kg else []
        else:
            options += ["-y", target.kg.hex()]
        where = ["-H", target.host, "-p", str(target.port), "-U", target.user, "-E", "-L", level]
        return self._run(
            [*options, *where, "-N", "1", "-R", str(ceil(patience)), *words], environment, 30 + 4 * patience
        )

    def nameless(self, target: Target, way: LanPlus, *words: str) -> Answer:
        """The same without any user name, as ipmitool does it for the null user."""
        where = ["-I", "lanplus", "-C", str(way.suite), "-H", target.host, "-p", str(target.port), "-E"]
        return self._run([*where, *words], {"IPMI_PASSWORD": target.password}, 40)

    def ask(self, asked: Asked) -> Answer:
        options = zip((("-t", "-b"), ("-T", "-B")), reversed(hops(asked.route)), strict=False)  # the last hop first
        path = [word for names, hop in options for pair in zip(names, hop, strict=True) for word in map(str, pair)]
        words = [*path, "raw", *_words(asked.request)]
        return self.run(asked.target, asked.way, *words, level=asked.level, patience=asked.patience)

    def serial(self, device: str, mode: str, *words: str, patience: float = 2) -> Answer:
        """Any command over a serial line or a pseudo terminal, mode ``basic`` or ``terminal``; no session."""
        options = ["-I", f"serial-{mode}", "-D", f"{device}:115200", "-N", "1", "-R", str(ceil(patience))]
        return self._run([*options, *words], {}, 30 + 4 * patience)

    def _run(self, words: list[str], environment: dict[str, str], seconds: float) -> Answer:
        done = run([self._program, *words], {**environment, "HOME": str(self._home)}, seconds)
        refused = re.search(r"rsp=0x([0-9a-f]{1,2})\)", done.stderr)
        if refused:
            return Answer(done.returncode, done.stdout, done.stderr, int(refused[1], 16))
        shown = re.fullmatch(r"(\s[0-9a-f]{2})*\s*", done.stdout)  # what `raw` shows: only the data
        if shown and done.returncode == 0 and "Error" not in done.stderr:
            return Answer(0, done.stdout, done.stderr, 0, bytes.fromhex(done.stdout))
        return Answer(done.returncode, done.stdout, done.stderr)


class FreeIpmi(Client):
    """FreeIPMI's tools: ipmi-raw, bmc-info, ipmipower, ipmi-chassis."""

    def __init__(self, home: Path) -> None:
        program("ipmi-raw", "freeipmi-tools")
        self._home = home
        self.name = "FreeIPMI " + run([program("ipmi-raw", "freeipmi-tools"), "--version"], {}, 10).stdout.split()[2]

    def run(
        self, tool: str, target: Target, way: Way, *words: str, level: str = "ADMINISTRATOR", patience: float = 2
    ) -> Answer:
        """Any of its tools: ``run("bmc-info", target, LanPlus(3), "--get-device-id")``."""
        host = f"[{target.host}]" if ":" in target.host else target.host
        settings = {
            "username": target.user,
            "password": target.password,
            "k_g": f"0x{target.kg.hex()}" if target.kg else "",
            "privilege-level": level.removesuffix("ISTRATOR"),
            "workaround-flags": " ".join(target.workarounds),
            "session-timeout": str(int(1000 * patience)),
            "retransmission-timeout": "250",
        }
        if isinstance(way, Lan):
            settings |= {"driver-type": "LAN", "authentication-type": AUTHENTICATIONS[way.authentication]}
        else:
            settings |= {"driver-type": "LAN_2_0", "cipher-suite-id": str(way.suite)}
        with tempfile.NamedTemporaryFile("w", dir=self._home, suffix=".conf") as file:  # made with mode 0600
            file.writelines(f'{name} "{value}"\n' for name, value in settings.items() if value)
            file.flush()
            command = [program(tool, "freeipmi-tools"), "--config-file", file.name, "-h", f"{host}:{target.port}"]
            done = run([*command, *words], {"HOME": str(self._home)}, 30 + patience)
        return Answer(done.returncode, done.stdout, done.stderr)

    def help(self, tool: str) -> str:
        """Its options, as a tool shows them."""
        return run([program(tool, "freeipmi-tools"), "--help"], {"HOME": str(self._home)}, 10).stdout

    def inside(self, driver: str) -> Answer:
        """Get Device ID by a driver for the machine's own BMC."""
        command = [program("ipmi-raw", "freeipmi-tools"), f"--driver-type={driver}", "0", "6", "1"]
        done = run(command, {"HOME": str(self._home)}, 10)
        return Answer(done.returncode, done.stdout, done.stderr)

    def ask(self, asked: Asked) -> Answer:
        path: list[str] = []
        for address, channel in hops(asked.route):
            path += [f"--target-channel-number={channel}", f"--target-slave-address={address}"]
        words = [*path, "0", *_words(asked.request)]
        answer = self.run("ipmi-raw", asked.target, asked.way, *words, level=asked.level, patience=asked.patience)
        received = re.fullmatch(r"rcvd: (.*)", answer.output.strip(), re.DOTALL)
        if not received:
            return answer
        _command, completion, *rest = bytes.fromhex(received[1])
        return Answer(answer.exit_code, answer.output, answer.errors, completion, bytes(rest))


def _words(request: bytes) -> list[str]:
    return [f"0x{byte:02x}" for byte in request]
