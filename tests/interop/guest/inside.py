"""What runs inside the guest: our client at the machine's own BMCs, by the kernel's driver; others.py has the others.

It prints one line of JSON: for each experiment what came of it, bytes as hex and errors as their sentence.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ipmi_lab
from ipmi_lab.aio import connect as connect_asyncio
from ipmi_lab.errors import IpmiLabError
from ipmi_lab.ports.driver import DriverMessage, Kind
from ipmi_lab.ports.openipmi import OpenIpmiPort

ROUNDS = 100
RAW = {
    "device id": "06 01",
    "self test": "06 04",
    "device GUID": "06 08",
    "global enables": "06 2f",
    "message flags": "06 31",
    "watchdog": "06 25",
    "SEL info": "0a 40",
    "SEL entry": "0a 43 00 00 00 00 00 ff",
    "chassis status": "00 01",
    "system GUID": "06 37",
    "system info": "06 59 00 01 00 00",
    "channel info": "06 42 0f",
    "no such command": "06 7e",
}


def told(work: Callable[[], Any]) -> Any:
    """What came of it; what went wrong is told by name and sentence."""
    try:
        return work()
    except IpmiLabError as error:
        return f"{type(error).__name__}: {error}"
    except Exception as error:
        return f"not ours: {type(error).__name__}: {error}"


def devices() -> dict[str, str]:
    """The paths of QEMU's BMC and of ipmi_sim; who is first is up to the kernel."""
    found = {}
    for path in sorted(map(str, Path("/dev").glob("ipmi[0-9]"))):
        with ipmi_lab.connect(f"open://{path}") as ipmi:
            found["QEMU" if ipmi.get_device_id().manufacturer == 0 else "ipmi_sim"] = path
    return found


DEVICES = devices()
QEMU, SIM = DEVICES["QEMU"], DEVICES["ipmi_sim"]


# ---------------------------------------------------------------------- our client


def raw(device: str) -> Callable[[], dict[str, str]]:
    """Completion code and data of every command, as hex."""

    def ask() -> dict[str, str]:
        with ipmi_lab.connect(f"open://{device}") as ipmi:
            found = {}
            for name, words in RAW.items():
                netfn, command, *data = bytes.fromhex(words)
                answer = ipmi.exchange(netfn, command, bytes(data))
                found[name] = bytes((answer.completion, *answer.data)).hex(" ")
            return found

    return ask


def typed() -> dict[str, Any]:
    """Answers taken apart, and a change read back."""
    with ipmi_lab.connect(f"open://{QEMU}") as ipmi:
        ipmi.set_bmc_global_enables(event_logging=False)
        off = ipmi.get_bmc_global_enables().event_logging
        ipmi.set_bmc_global_enables(event_logging=True)
        return {
            "how": ipmi.session.how,
            "ipmi": ipmi.get_device_id().ipmi,
            "guid": ipmi.get_device_guid().guid.hex(),
            "event logging": [off, ipmi.get_bmc_global_enables().event_logging],
            "message waits": ipmi.get_message_flags().receive_message_available,
        }


def sel_entry() -> str:
    """A record that we add and read back; the BMC writes the time into it."""
    with ipmi_lab.connect(f"open://{QEMU}") as ipmi:
        number = ipmi.raw(0x0A, 0x44, bytes.fromhex("0000020000000041000412016f0affff"))
        record = bytearray(ipmi.raw(0x0A, 0x43, b"\0\0" + number + b"\0\xff"))
        record[5:9] = bytes(4)
        return record.hex(" ")


def kept(command: str) -> Callable[[], Any]:
    """What a typed method comes to."""

    def ask() -> Any:
        with ipmi_lab.connect(f"open://{QEMU}") as ipmi:
            return getattr(ipmi, command)()

    return ask


def driver_refuses() -> list[Any]:
    """What the driver itself says to the commands that our session refuses for its sake."""
    port = OpenIpmiPort(QEMU)
    try:
        said = []
        for number, command in enumerate((0x33, 0x34, 0x35), 1):
            port.send(DriverMessage(Kind.REQUEST, number, 0x06, command, b"\x40\x82\x18\x66\x20\x04\x01\xdb").pack())
            datagram = port.receive()
            answer = None if datagram is None else DriverMessage.parse(datagram)
            said.append(None if answer is None else [answer.kind, answer.number, answer.data.decode()])
        return said
    finally:
        port.close()


def bridged(route: str, device: str, times: int = 1) -> Callable[[], Any]:
    """The different answers of a controller behind the BMC, and the seconds for all."""

    def ask() -> Any:
        begun = time.monotonic()
        with ipmi_lab.connect(f"open://{device}?bridge={route}") as ipmi:
            said = sorted({told(lambda: ipmi.raw(0x06, 0x01).hex(" ")) for _ in range(times)})
        return [*said, round(time.monotonic() - begun, 1)]

    return ask


def many() -> dict[str, float]:
    """Seconds of one command, in milliseconds."""
    with ipmi_lab.connect(f"open://{QEMU}") as ipmi:
        times = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            ipmi.get_device_id()
            times.append(1000 * (time.perf_counter() - begun))
    times.sort()
    return {"median": round(times[ROUNDS // 2], 2), "worst": round(times[-1], 2)}


def in_flight() -> int:
    """How many of many questions at once were answered rightly, by asyncio."""

    async def main() -> int:
        async with connect_asyncio(f"open://{QEMU}", in_flight=8) as ipmi:
            found = await asyncio.gather(*(ipmi.get_device_id() for _ in range(ROUNDS)))
            return sum(each.device_id == 0x20 for each in found)

    return asyncio.run(main())


def as_nobody() -> Any:
    """What a user is told who may not open the device."""
    os.seteuid(65534)
    try:
        return told(kept("get_device_id"))
    finally:
        os.seteuid(0)


def wrong(path: str) -> Callable[[], Any]:
    """What is told of a path that is no IPMI device."""
    return lambda: ipmi_lab.connect(f"open://{path}").session.establish()


def unbound() -> Any:
    """The interfaces are taken from the driver while a session is open."""
    with ipmi_lab.connect(f"open://{QEMU}") as ipmi:
        driver = Path("/sys/bus/platform/drivers/ipmi_si")
        for device in [path.name for path in driver.iterdir() if path.is_symlink() and path.name != "module"]:
            (driver / "unbind").write_text(device)
        return [told(ipmi.get_device_id), told(ipmi.get_device_id)]


# ---------------------------------------------------------------------- our program, and other clients


def command(*words: str) -> dict[str, Any]:
    """What a program said, and how it ended."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    return {"code": done.returncode, "out": done.stdout, "err": done.stderr[-2000:]}


def others() -> Any:
    """What ``others.py`` says of the same commands."""
    done = command(sys.executable, "/others.py", json.dumps(RAW), QEMU, SIM)
    return json.loads(done["out"]) if done["out"] else done


def program(*words: str) -> Callable[[], Any]:
    """Our program for the shell."""
    code = "from ipmi_lab.cli.main import main; main()"
    return lambda: command(sys.executable, "-c", code, "--format", "json", *words)


EXPERIMENTS: dict[str, Callable[[], Any]] = {
    "SEL entry": sel_entry,
    "raw": raw(QEMU),
    "ipmi_sim raw": raw(SIM),
    "typed": typed,
    "get message": kept("get_message"),
    "read event message buffer": kept("read_event_message_buffer"),
    "driver refuses": driver_refuses,
    "bridged": bridged("0x30@0", SIM, 70),
    "bridged elsewhere": bridged("0x72@0", SIM),
    "bridged over no IPMB": bridged("0x82@5", QEMU),
    "many": many,
    "in flight": in_flight,
    "as nobody": as_nobody,
    "no device": wrong("/dev/ipmi7"),
    "no IPMI device": wrong("/dev/null"),
    "info": program("-t", f"open://{QEMU}", "info"),
    "doctor": program("-t", f"open://{SIM}", "doctor"),
    "others": others,
}


def main() -> None:
    found: dict[str, Any] = {"devices": DEVICES, "took": {}}
    with ThreadPoolExecutor() as aside:  # the driver waits for seconds, so others go on meanwhile
        nobody = aside.submit(bridged("0x52@0", SIM))
        silence = aside.submit(bridged("0x82@0", QEMU))
        for name, work in EXPERIMENTS.items():
            begun = time.monotonic()
            found[name] = told(work)
            found["took"][name] = round(time.monotonic() - begun, 2)
        found["bridged to nobody"] = told(nobody.result)
        found["bridged into silence"] = told(silence.result)
    found["unbound"] = told(unbound)
    found["seconds"] = float(Path("/proc/uptime").read_text().split()[0])
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
