# mypy: disable-error-code="import-untyped"
"""What clients of other makes get inside the guest: ``others.py RAW QEMU SIM``.

RAW is JSON: commands by name, hexadecimal. QEMU and SIM are the devices of two BMCs. Prints one line of JSON: for each
client what QEMU's BMC answers to all of them, and what ipmi_sim and a controller behind it answer to Get Device ID,
completion code and data as hex; errors as their sentence.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable

DEVICE_ID, CONTROLLER = "06 01", 0x30  # on channel 0
Ask = Callable[[str, list[str], int], list[str]]
"""A client asks at a device some commands of a controller, or with 20h of the BMC."""


def run(words: list[str], said: str = "") -> tuple[str, str]:
    done = subprocess.run(words, input=said, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout, done.stderr


def numbers(command: str) -> list[str]:
    return [f"0x{byte}" for byte in command.split()]


def ipmitool(device: str, commands: list[str], address: int) -> list[str]:
    hop = ["-t", hex(address), "-b", "0"] if address != 0x20 else []
    found = []
    for command in commands:
        out, err = run(["ipmitool", "-I", "open", "-d", device[-1], *hop, "raw", *numbers(command)])
        refused = re.search(r"rsp=0x([0-9a-f]+)\)", err)
        found.append(refused[1] if refused else " ".join(["00", *out.split()]) if out else err)
    return found


def freeipmi(device: str, commands: list[str], address: int) -> list[str]:
    hop = [f"--target-slave-address={address}", "--target-channel-number=0"] if address != 0x20 else []
    driver = ["--driver-type=OPENIPMI", f"--driver-device={device}"]
    found = []
    for command in commands:
        out, err = run(["ipmi-raw", *driver, *hop, "0", *numbers(command)])
        found.append(" ".join(out.lower().split()[2:]) if out.startswith("rcvd: ") else err)
    return found


def openipmi(device: str, commands: list[str], address: int) -> list[str]:
    to = "mc msg o(0.20) 0" if address == 0x20 else f"domain msg o 0 {hex(address)} 0"
    shell = subprocess.Popen(["openipmish"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    assert shell.stdin is not None
    assert shell.stdout is not None
    lines = {f"domain open o -noall -wait_til_up smi {device[-1]}": "Domain Created"}
    lines |= {f"{to} {' '.join(numbers(command))}": "Data:" for command in commands}
    said = ""
    for line, last in [*lines.items(), ("domain close o", "Domain closed"), ("exit", "")]:
        shell.stdin.write(f"{line}\n")
        for heard in iter(shell.stdout.readline, ""):
            said += heard
            if last in heard or heard.startswith("error:"):
                break
    shell.wait(10)
    answers = [re.match(r"(\s+0x[0-9a-f]{2})+", part) for part in said.split("Data:")[1:]]
    return [" ".join(answer[0].split()).replace("0x", "") for answer in answers if answer] or [said]


def pyghmi(device: str, commands: list[str], address: int) -> list[str]:
    from pyghmi.ipmi.private.localsession import Session

    session = Session(device)
    hop = {"addr": address, "channel": 0} if address != 0x20 else None
    found = []
    for command in commands:
        netfn, number, *data = bytes.fromhex(command)
        answer = session.raw_command(netfn, number, data, hop)
        found.append(bytes((answer["code"], *answer["data"])).hex(" "))
    return found


def python_ipmi(device: str, commands: list[str], address: int) -> list[str]:
    import pyipmi
    from pyipmi.interfaces import create_interface

    interface = create_interface("ipmidev", port=device)
    ipmi = pyipmi.create_connection(interface)
    routing = [(0x81, 0x20, 0), (0x20, address, None)] if address != 0x20 else None
    ipmi.target = pyipmi.Target(ipmb_address=address, routing=routing)
    interface.open()
    return [ipmi.send_raw(0, bytes.fromhex(command)[0], bytes.fromhex(command)[1:]).hex(" ") for command in commands]


CLIENTS: dict[str, Ask] = {
    "ipmitool": ipmitool,
    "FreeIPMI": freeipmi,
    "OpenIPMI": openipmi,
    "pyghmi": pyghmi,
    "python-ipmi": python_ipmi,
}


def told(ask: Ask, device: str, commands: list[str], address: int = 0x20) -> list[str]:
    """What came of it; what went wrong is told by name and sentence."""
    try:
        return ask(device, commands, address)
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]


def main() -> None:
    raw, qemu, sim = json.loads(sys.argv[1]), *sys.argv[2:]
    found = {
        client: {
            "QEMU": dict(zip(raw, told(ask, qemu, list(raw.values())), strict=False)),
            "ipmi_sim": told(ask, sim, [DEVICE_ID]),
            "bridged": told(ask, sim, [DEVICE_ID], CONTROLLER),
        }
        for client, ask in CLIENTS.items()
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
