"""FreeIPMI's C library (Debian's libfreeipmi17), called by ctypes: what its tools do, without their start."""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from benchmarks.lap import GET_DEVICE_ID, PASSWORD, USER, Lap, repeat

ADMINISTRATOR, MD5 = 4, 2
SESSION_TIMEOUT, RETRANSMISSION_TIMEOUT = 20_000, 1_000  # milliseconds, FreeIPMI's own
OPEN_SESSION_PRIVILEGE = 0x10  # the workaround that ipmi_sim needs


def _library() -> ctypes.CDLL:
    library = ctypes.CDLL("libfreeipmi.so.17")
    library.ipmi_ctx_create.restype = ctypes.c_void_p
    library.ipmi_ctx_errormsg.restype = ctypes.c_char_p
    return library


@contextmanager
def _session(opener: str, host: str, port: int, *how: object) -> Iterator[Callable[[float], Lap]]:
    library = _library()
    context = ctypes.c_void_p(library.ipmi_ctx_create())
    where = f"{host}:{port}".encode(), USER.encode(), PASSWORD.encode()
    if getattr(library, opener)(context, *where, *how) < 0:
        raise OSError(library.ipmi_ctx_errormsg(context).decode())
    netfn, request = GET_DEVICE_ID[0], GET_DEVICE_ID[1:]
    answer = ctypes.create_string_buffer(256)

    def step() -> None:
        if library.ipmi_cmd_raw(context, 0, netfn, request, len(request), answer, len(answer)) < 0:
            raise OSError(library.ipmi_ctx_errormsg(context).decode())

    yield lambda seconds: repeat(step, seconds)
    library.ipmi_ctx_close(context)
    library.ipmi_ctx_destroy(context)


def raw(host: str, port: int) -> AbstractContextManager[Callable[[float], Lap]]:
    """Raw commands, suite 3."""
    timing = SESSION_TIMEOUT, RETRANSMISSION_TIMEOUT, OPEN_SESSION_PRIVILEGE, 0
    return _session("ipmi_ctx_open_outofband_2_0", host, port, None, 0, ADMINISTRATOR, 3, *timing)


def md5(host: str, port: int) -> AbstractContextManager[Callable[[float], Lap]]:
    """Raw commands, IPMI 1.5 with MD5."""
    timing = SESSION_TIMEOUT, RETRANSMISSION_TIMEOUT, 0, 0
    return _session("ipmi_ctx_open_outofband", host, port, MD5, ADMINISTRATOR, *timing)
