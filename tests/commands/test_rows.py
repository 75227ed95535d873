"""Every command against its bytes, and the rules that all declarations keep."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, strategies

from ipmi_lab.commands import byname
from ipmi_lab.commands.command import Request
from ipmi_lab.errors import IpmiLabError, LocalError, RemoteError
from ipmi_lab.wire.message import Layout
from tests.commands.rows import ROWS, Row
from tests.wire.values import values_of

VECTORS = Path(__file__).parent.parent / "vectors"
COMMANDS = byname.commands()
TAKEN = {"name", "session", "expected_completion"}


def title(value: Any) -> str:
    return value.__name__ if isinstance(value, type) else type(value.request).__name__


@pytest.mark.parametrize("row", ROWS, ids=title)
def test_a_request_is_these_bytes_both_ways(row: Row) -> None:
    assert row.request.encode().hex() == row.sent.replace(" ", "")
    assert type(row.request).decode(row.request.encode()[len(row.request.prefix) :]).encode() == row.request.encode()


@pytest.mark.parametrize("row", ROWS, ids=title)
def test_an_answer_decodes_to_these_fields_and_back(row: Row) -> None:
    data = bytes.fromhex(row.answer)

    answer = row.request.answer(0, data)

    assert {key: getattr(answer, key) for key in row.fields} == row.fields
    assert answer.encode() == data


@pytest.mark.parametrize("command", COMMANDS, ids=title)
def test_a_command_cites_its_section_and_has_a_row(command: type[Request[Any]]) -> None:
    assert re.search(r"IPMI 2\.0 §\d", command.__doc__ or ""), "the docstring names no section"
    assert command in {type(row.request) for row in ROWS}, "there is no row of bytes"


@pytest.mark.parametrize("command", COMMANDS, ids=title)
def test_a_command_uses_no_name_that_keywords_need(command: type[Request[Any]]) -> None:
    assert not TAKEN & set(command.plan().fields)
    assert not TAKEN & set(command.response.plan().fields)


@pytest.mark.parametrize("command", [*COMMANDS, *(c.response for c in COMMANDS)], ids=title)
def test_any_message_survives_the_way_to_bytes_and_back(command: type[Layout]) -> None:
    @given(values_of(command))
    def check(fields: dict[str, Any]) -> None:
        try:
            message = command(**fields)
        except LocalError:  # fields that do not go together, such as a long password that is not called long
            assume(False)
        prefix = len(getattr(command, "prefix", b""))
        assert command.decode(message.encode()[prefix:]).encode() == message.encode()

    check()


@pytest.mark.parametrize("command", [*COMMANDS, *(c.response for c in COMMANDS)], ids=title)
def test_no_bytes_raise_anything_but_our_own_error(command: type[Layout]) -> None:
    @given(strategies.binary(max_size=60))
    def check(data: bytes) -> None:
        try:
            message = command.decode(data)
        except RemoteError:
            return
        assert isinstance(message.describe(), list)
        try:
            message.encode()
        except IpmiLabError:
            pytest.fail("what was decoded cannot be encoded")

    check()


def recorded() -> list[tuple[str, dict[str, str]]]:
    """The exchanges of the recordings whose command is declared and was answered well."""
    found = []
    for entry in json.loads((VECTORS / "commands.json").read_text()):
        for exchange in entry["exchanges"]:
            request = bytes.fromhex(exchange["request"])
            known = byname.find_number(int(exchange["netfn"], 16), int(exchange["cmd"], 16), request)
            if known is not None and exchange["response"].startswith("00"):
                found.append((f"{entry['server'].split()[0]} {known.__name__}", exchange))
    return found


@pytest.mark.parametrize("exchange", [pytest.param(e, id=f"{i} {name}") for i, (name, e) in enumerate(recorded())])
def test_what_real_servers_answered_is_read_without_loss(exchange: dict[str, str]) -> None:
    request, response = bytes.fromhex(exchange["request"]), bytes.fromhex(exchange["response"])
    known = byname.find_number(int(exchange["netfn"], 16), int(exchange["cmd"], 16), request)
    assert known is not None

    assert known.decode(request).encode() == request
    assert known.response.decode(response[1:]).encode() == response[1:]


def test_the_recordings_are_there() -> None:
    assert len(recorded()) > 20
