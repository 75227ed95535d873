"""A machine of QEMU with a BMC behind KCS: builds what the guest runs from, boots it, and hands back what it says."""

import json
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.interop.children import run
from tests.interop.peers import PeerMissing, program

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
KERNEL = ROOT / "build" / "guest"
MODULES = ("ipmi_msghandler", "ipmi_devintf", "ipmi_si")
NOT_WANTED = ("test", "tests", "idlelib", "lib2to3", "tkinter", "turtledemo", "ensurepip", "distutils", "pydoc_data")
PURE = ("click", "tabulate", "pyghmi", "pyipmi")  # what the program needs besides, and libraries of others
TOOLS = (("ipmitool", "ipmitool"), ("ipmi-raw", "freeipmi-tools"), ("openipmish", "openipmi"))
GUID = "a1234567-89ab-cdef-a123-456789abcdef"
HARDWARE = (
    *("-machine", "q35,accel=tcg", "-m", "512", "-nodefaults", "-no-reboot", "-display", "none"),
    *("-device", f"ipmi-bmc-sim,id=own,guid={GUID}", "-device", "isa-ipmi-kcs,bmc=own"),
    *("-device", "ipmi-bmc-extern,id=other,chardev=line", "-device", "isa-ipmi-kcs,bmc=other,ioport=0xca8,irq=10"),
)
SECONDS = 180


class Machine:
    """A machine of QEMU that can be booted; PeerMissing without QEMU, a kernel with IPMI or a program of the guest."""

    def __init__(self) -> None:
        if not (KERNEL / "vmlinuz").exists():
            raise PeerMissing(f"a kernel with IPMI is missing ({HERE.relative_to(ROOT) / 'fetch'} unpacks Debian's)")
        self._qemu = program("qemu-system-x86_64", "qemu-system-x86")
        for name, package in (*TOOLS, ("busybox", "busybox-static"), ("cpio", "cpio")):
            program(name, package)
        told = run([self._qemu, "--version"], {}, 10).stdout.split()
        self.name = f"QEMU {told[3]} ipmi-bmc-sim"

    def boot(self, folder: Path, ipmi_sim: tuple[str, int]) -> dict[str, Any]:
        """Boot it with two BMCs, QEMU's own and an ipmi_sim whose system interface is there; what ``inside.py`` said of
        them."""
        image, console, said = folder / "initrd", folder / "console", folder / "said"
        build(folder / "tree", image)
        words = [self._qemu, *HARDWARE, "-serial", f"file:{console}", "-serial", f"file:{said}"]
        # QEMU 7.2 crashes where the line is connected before its BMC is there; "reconnect" puts that off.
        host, port = ipmi_sim
        words += ["-chardev", f"socket,id=line,host={host},port={port},reconnect=1"]
        words += ["-kernel", str(KERNEL / "vmlinuz"), "-initrd", str(image), "-append", "console=ttyS0 quiet panic=-1"]
        try:
            done = run(words, {}, SECONDS)
            ended = f"QEMU ended with {done.returncode}. {done.stderr}"
        except subprocess.TimeoutExpired:
            ended = f"QEMU was ended after {SECONDS} seconds."
        try:
            found: dict[str, Any] = json.loads(said.read_text())
        except (OSError, ValueError):
            tail = console.read_text(errors="replace")[-3000:] if console.exists() else ""
            raise AssertionError(f"the guest said nothing that can be read. {ended}\n{tail}") from None
        return found


def build(tree: Path, image: Path) -> None:
    """The guest's root: busybox, this Python, our package and the other clients, with the libraries that they need."""
    for name in ("bin", "dev", "proc", "sys", "tmp", "modules", "project", "usr/bin"):
        (tree / name).mkdir(parents=True)
    shutil.copy(program("busybox", "busybox-static"), tree / "bin" / "busybox")
    for name in ("sh", "mount", "insmod", "sleep", "poweroff"):
        (tree / "bin" / name).symlink_to("busybox")
    for name in MODULES:
        shutil.copy(KERNEL / f"{name}.ko", tree / "modules")
    shutil.copy(HERE / "init", tree / "init")
    for name in ("inside.py", "others.py"):
        shutil.copy(HERE / name, tree / name)
    binaries = [*_python(tree), *_tools(tree)]
    for library in libraries(binaries):
        place = tree / library.relative_to("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, place)
    _project(tree / "project")
    cpio = program("cpio", "cpio")
    names = "\n".join(str(path.relative_to(tree)) for path in sorted(tree.rglob("*")))
    with image.open("wb") as out:
        subprocess.run(
            [cpio, "-o", "-H", "newc", "--quiet"], cwd=tree, input=names.encode(), stdout=out, check=True, timeout=60
        )


def _python(tree: Path) -> list[Path]:
    """The Python that runs the tests, at its own path, with the standard library but for what is large."""
    binary = Path(sys.executable).resolve()
    library = Path(sysconfig.get_path("stdlib"))
    _copy(binary, tree)
    (tree / "bin" / "python3").symlink_to(binary)
    shutil.copytree(
        library,
        tree / library.relative_to("/"),
        ignore=shutil.ignore_patterns(
            *NOT_WANTED, "config-*", "*.opt-?.pyc", "site-packages", "dist-packages", "sitecustomize.py"
        ),
        symlinks=False,
        ignore_dangling_symlinks=True,
    )
    return [binary, *(library / "lib-dynload").glob("*.so")]


def _tools(tree: Path) -> list[Path]:
    found = [Path(program(name, package)) for name, package in TOOLS]
    for path in found:
        shutil.copy(path.resolve(), tree / "usr" / "bin" / path.name)
    return found


def _project(place: Path) -> None:
    site = Path(sysconfig.get_path("purelib"))
    shutil.copytree(ROOT / "ipmi_lab", place / "ipmi_lab")
    for name in PURE:
        shutil.copytree(site / name, place / name)
    for path in site.glob("ipmi_lab-*.dist-info"):
        shutil.copytree(path, place / path.name)


def _copy(path: Path, tree: Path) -> None:
    place = tree / path.relative_to("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, place)


def libraries(binaries: Iterable[Path]) -> set[Path]:
    """The shared libraries of programs, as their loader finds them."""
    words = ["ldd", *map(str, binaries)]
    said = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False).stdout
    return {Path(path) for path in re.findall(r"(?:=> |^\s)(/\S+) \(0x", said, re.MULTILINE)}
