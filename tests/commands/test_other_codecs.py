"""Our declarations against two descriptions that nobody here wrote: FreeIPMI's templates and python-ipmi's messages.

Both are used as codecs: the same values give the same bytes, and the same bytes the same values, field by field.
"""

from typing import Any

import pytest
from hypothesis import assume, given, settings, strategies
from hypothesis.strategies import SearchStrategy

from ipmi_lab.commands import byname
from ipmi_lab.errors import LocalError
from ipmi_lab.secret import Secret
from ipmi_lab.wire.fields import Bits, Unsigned
from ipmi_lab.wire.message import Layout
from tests.commands import freeipmi_names, python_ipmi_names
from tests.commands.freeipmi_templates import Cell, FreeIpmiTemplates
from tests.interop.conftest import present
from tests.interop.peers import library
from tests.proofs import Proves
from tests.wire.values import value_of

often = settings(deadline=None, max_examples=60)  # no deadline: the machine may be busy
KCS = {"transactions": None, "pec": None, "version": "system_interface_version", "output_size": None}


@pytest.fixture(scope="module")
def freeipmi() -> FreeIpmiTemplates:
    return present(FreeIpmiTemplates)


def raw(message: Layout, name: str) -> int | bytes | None:
    """A field of ours as the other codecs have it: a number, or its bytes on the wire."""
    value = getattr(message, name)
    if isinstance(value, str):
        return value.encode("latin-1").ljust(16, b"\0")
    if isinstance(value, Secret):
        return value.reveal().ljust(getattr(message, "size", 0), b"\0")
    return value if value is None or isinstance(value, bytes) else int(value)


def public(layout: type[Layout]) -> list[str]:
    return [name for name, field in layout.plan().fields.items() if not field.reserved]


def made(layout: type[Layout], values: dict[str, Any]) -> Layout:
    try:
        return layout(**values)
    except LocalError:  # a long password that is not called long
        assume(False)
        raise


# ---------------------------------------------------------------------- FreeIPMI

ROWS = [
    pytest.param(name, side, id=f"{name} {side}") for name in freeipmi_names.NAMES for side in ("request", "answer")
]


def values_for(layout: type[Layout], keys: dict[str, str | None], cells: dict[str, Cell]) -> SearchStrategy[Any]:
    """Values of all fields, bytes in the sizes that the template has."""
    found = {}
    for name in public(layout):
        field, key = layout.plan().fields[name], keys.get(name, name)
        if key is None:
            continue
        if isinstance(field.kind, (Unsigned, Bits)) or field.type is str:
            found[name] = value_of(field)
        else:
            most = cells[key].bits // 8
            size = strategies.binary(min_size=0 if cells[key].variable else most, max_size=min(most, 20))
            found[name] = size.map(Secret) if field.type is Secret else size
    return strategies.fixed_dictionaries(found)


def cross(
    freeipmi: FreeIpmiTemplates, layout: type[Layout], template: str, keys: dict[str, str | None], head: dict[str, int]
) -> None:
    """Values into bytes and back by both codecs; ``head`` is what the template has before our data."""
    cells = freeipmi.fields(template)
    wanted = {name: keys.get(name, name) for name in public(layout)}
    unnamed = set(cells) - set(wanted.values()) - set(head)
    assert {key for key in wanted.values() if key} <= set(cells)
    assert all("reserved" in key for key in unnamed), f"{template} has {unnamed}, which we have not"

    @often
    @given(values_for(layout, keys, cells))
    def check(values: dict[str, Any]) -> None:
        message = made(layout, values)
        ours = {key: raw(message, name) for name, key in wanted.items() if key}
        given_values: dict[str, int | bytes] = {key: value for key, value in ours.items() if value not in (None, b"")}
        for key, value in given_values.items():
            if isinstance(value, bytes) and cells[key].bits <= 64:
                given_values[key] = int.from_bytes(value, "little")
        data = bytes(head.values()) + message.encode()
        theirs = freeipmi.unpack(template, data)

        assert {key: value for key, value in theirs.items() if key not in unnamed} == head | given_values
        assert not any(theirs.get(key, 0) for key in unnamed), "we write into reserved bits"
        assert freeipmi.pack(template, dict.fromkeys(unnamed, 0) | head | given_values) == data
        assert (
            layout.decode(message.encode()) == message or message.encode() == layout.decode(message.encode()).encode()
        )

    check()


@pytest.mark.parametrize(("name", "side"), ROWS)
def test_freeipmis_templates_read_and_write_the_same_bytes(
    name: str, side: str, freeipmi: FreeIpmiTemplates, proves: Proves
) -> None:
    command, names = byname.find(name), freeipmi_names.NAMES[name]
    with proves(name, "libfreeipmi's templates"):
        if side == "request":
            head = {"cmd": command.command}
            cross(freeipmi, command, f"tmpl_cmd_{names.template}_rq", dict(names.request), head)
            return
        head = {"cmd": command.command, "comp_code": 0}
        template = f"tmpl_cmd_{names.template}"
        if name == "GetSystemInterfaceCapabilities":
            cross(freeipmi, command.response, f"{template}_ssif_rs", dict(names.answer), head)
            keys = names.answer | KCS | {"input_size": "input_maximum_message_size"}
            cross(freeipmi, command.response, f"{template}_kcs_rs", keys, head)
        else:
            cross(freeipmi, command.response, f"{template}_rs", dict(names.answer), head)


# ---------------------------------------------------------------------- python-ipmi


@pytest.fixture(scope="module")
def messages() -> Any:
    present(lambda: library("pyipmi", "python-ipmi"))
    from pyipmi.msgs import device_messaging  # type: ignore[import-untyped]

    return device_messaging


def read(message: Any, path: str) -> int | bytes:
    """A field of python-ipmi's message by its path."""
    for step in path.split("."):
        message = getattr(message, step)
    if isinstance(message, int):
        return message
    return message.encode("latin-1") if isinstance(message, str) else bytes(message)


def write(message: Any, path: str, value: int | bytes) -> None:
    *groups, last = path.split(".")
    for step in groups:
        message = getattr(message, step)
    setattr(message, last, value)


PYTHON_ROWS = [
    pytest.param(name, side, id=f"{name} {side}") for name in python_ipmi_names.NAMES for side in ("request", "answer")
]
FIXED = {"challenge": 16, "record": 16, "auxiliary": 2}


@pytest.mark.parametrize(("name", "side"), PYTHON_ROWS)
def test_python_ipmis_messages_read_and_write_the_same_bytes(
    name: str, side: str, messages: Any, proves: Proves
) -> None:
    command = byname.find(name)
    layout: type[Layout] = command if side == "request" else command.response
    theirs = getattr(messages, name + ("Req" if side == "request" else "Rsp"))
    paths = python_ipmi_names.NAMES[name][side == "answer"]
    head = b"" if side == "request" else b"\0"
    left_out = {"long", "session_handle"} - set(paths)  # a password of 20 bytes and a handle are not in its messages
    assert set(paths) == set(public(layout)) - left_out

    def value_for(field_name: str) -> SearchStrategy[Any]:
        field = layout.plan().fields[field_name]
        if field_name == "long":
            return strategies.just(False)
        if field_name in FIXED:
            return strategies.binary(min_size=FIXED[field_name], max_size=FIXED[field_name])
        if field.type is Secret:
            return strategies.binary(min_size=1, max_size=16).map(Secret)
        return value_of(field)

    @often
    @given(strategies.fixed_dictionaries({field_name: value_for(field_name) for field_name in paths}))
    def check(values: dict[str, Any]) -> None:
        message = layout(**values)
        ours = {path: raw(message, field_name) for field_name, path in paths.items()}
        data = head + message.encode()
        other = theirs(data)
        assert {path: read(other, path) for path in ours} == ours
        fresh = theirs()
        for path, value in ours.items():
            assert value is not None
            write(fresh, path, value)
        if head:
            fresh.completion_code = 0
        assert bytes(fresh._encode()) == data

    with proves(name, "python-ipmi's messages"):
        check()
