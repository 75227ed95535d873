"""Our client over real lines, with a BMC of a few lines at the other end."""

import asyncio
import os
import pty
import socket
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ipmi_lab.errors import CompletionError, LocalError, NoAnswer, NotAllowed, OutcomeUnknown, SessionError
from ipmi_lab.lab.open import Lab, connect, connect_asyncio
from ipmi_lab.packets import ipmb
from ipmi_lab.packets.serial import BasicMode, Message, TerminalMode, Text
from tests.sessions.line import DEVICE_ID

TEXTS = {"SYS TMODE": "OK TMODE", "SYS HEALTH QUERY": "PWR:ON H:ok", "SYS POWER ON": "OK", "SYS IDENTIFY": "ERR C1"}


def answers(end: BasicMode | TerminalMode, data: bytes) -> Iterator[bytes]:
    """What a BMC says that knows its device id, and a few texts."""
    for piece in end.feed(data):
        if isinstance(piece, Message):
            frame = ipmb.parse(piece.message)
            if isinstance(end, BasicMode):
                yield b"\xa6"
            yield end.wrap(ipmb.pack_answer(frame, DEVICE_ID if frame.command == 0x01 else b"\xc1"))
        elif isinstance(piece, Text) and isinstance(end, TerminalMode) and piece.text in TEXTS:
            yield end.wrap_text(TEXTS[piece.text])


class Board:
    """A BMC at the other end of a pseudo terminal; after ``mute`` it hears and says nothing."""

    def __init__(self, mode: str) -> None:
        self.master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.url = f"serial://{os.ttyname(self._slave)}?mode={mode}"
        self.end = BasicMode() if mode == "basic" else TerminalMode(ipmb.BMC, ipmb.CONSOLE)
        self.mute = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            data = os.read(self.master, 4096)
            if data == b"the end":
                return
            for out in answers(self.end, data):
                if not self.mute:
                    os.write(self.master, out)

    def close(self) -> None:
        os.write(self._slave, b"the end")
        self._thread.join(5)
        os.close(self.master)
        os.close(self._slave)


@pytest.fixture
def board() -> Iterator[Callable[[str], Board]]:
    boards: list[Board] = []

    def make(mode: str) -> Board:
        boards.append(Board(mode))
        return boards[-1]

    yield make
    for each in boards:
        each.close()


@pytest.mark.parametrize("mode", ["basic", "terminal"])
def test_a_board_answers_over_its_line(mode: str, board: Callable[[str], Board]) -> None:
    with connect(board(mode).url) as ipmi:
        assert ipmi.session.how == f"serial line, {mode} mode, no session"
        for _ in range(50):
            assert ipmi.get_device_id().firmware == "2.09"
        with ipmi.expect(0xC1):
            ipmi.get_self_test_results()


def test_asyncio_speaks_over_a_line_too(board: Callable[[str], Board]) -> None:
    async def ask(url: str) -> list[str]:
        async with connect_asyncio(url) as ipmi:
            assert await ipmi.send_text_command("TMODE") == "TMODE"
            found = await asyncio.gather(*(ipmi.get_device_id() for _ in range(20)))
            return [each.firmware for each in found]

    assert asyncio.run(ask(board("terminal").url)) == ["2.09"] * 20


def test_text_commands_have_replies_codes_and_permissions(board: Callable[[str], Board]) -> None:
    url = board("terminal").url
    with connect(url) as ipmi:
        assert ipmi.send_text_command("[SYS TMODE]") == "TMODE"
        assert ipmi.send_text_command("health query") == "PWR:ON H:ok"
        assert ipmi.send_text_command("POWER ON") == ""
        with pytest.raises(CompletionError, match=r"\[SYS IDENTIFY\]: the BMC answered 0xC1, invalid command"):
            ipmi.send_text_command("IDENTIFY")
        with pytest.raises(LocalError, match="Did you mean POWER ON"):
            ipmi.send_text_command("POWER NO")
        with pytest.raises(LocalError, match="login=text"):
            ipmi.send_text_command("PWD -U root planted")
    with Lab() as lab, lab.open(url) as guarded:
        assert guarded.send_text_command("TMODE") == "TMODE"
        with pytest.raises(NotAllowed, match=r"\[SYS POWER ON\]: it needs the permission 'power'"):
            guarded.send_text_command("POWER ON")


def test_a_text_command_changes_no_machine_but_the_one_that_is_expected(
    board: Callable[[str], Board], tmp_path: Path
) -> None:
    far = board("terminal")
    (tmp_path / "lab.yaml").write_text(
        f"targets: {{bench: {{transport: '{far.url}', allow: [power], expect: {{device_id: {{product: 1}}}}}}}}"
    )
    with Lab(tmp_path / "lab.yaml") as lab, lab.open("bench") as ipmi:
        assert ipmi.send_text_command("HEALTH QUERY") == "PWR:ON H:ok"
        with pytest.raises(NotAllowed, match="product"):
            ipmi.send_text_command("POWER ON")


def test_a_text_command_without_reply_is_told_and_does_not_spoil_the_next(board: Callable[[str], Board]) -> None:
    far = board("terminal")
    with connect(far.url, timeout=0.3, retries=1) as ipmi:
        far.mute = True
        with pytest.raises(OutcomeUnknown, match=r"\[SYS POWER ON\]: no answer from .* after 1 try"):
            ipmi.send_text_command("POWER ON")
        far.mute = False
        os.write(far.master, b"[OK POWER ON, at last]\r\n")
        assert ipmi.send_text_command("TMODE") == "TMODE"


def test_texts_in_basic_mode_and_pings_are_refused_with_a_reason(board: Callable[[str], Board]) -> None:
    with connect(board("basic").url) as ipmi:
        with pytest.raises(SessionError, match="only a line in terminal mode takes text commands"):
            ipmi.send_text_command("TMODE")
        with pytest.raises(SessionError, match="only a BMC on a network answers pings"):
            ipmi.ping()
        assert ipmi.get_device_id().firmware == "2.09"


def test_the_wrong_mode_is_told() -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)

    def talk() -> None:
        os.write(master, b"[SYS TMODE]\r\n[ERR C1]\r\n")

    ipmi = connect(f"serial://{os.ttyname(slave)}?mode=basic", timeout=0.5, retries=1)
    threading.Timer(0.1, talk).start()
    with pytest.raises(NoAnswer, match=r"nothing answers Get Device ID.*\d pieces? came.*looks like terminal mode"):
        ipmi.session.establish()
    ipmi.session.close()
    for descriptor in (master, slave):
        os.close(descriptor)


class ConsoleServer:
    """Raw TCP to a BMC in basic mode; ``drop`` ends the connection, as a console server does that is restarted."""

    def __init__(self) -> None:
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"socket://127.0.0.1:{self._door.getsockname()[1]}?mode=basic"
        self.calls = 0
        self._line: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                self._line = self._door.accept()[0]
            except OSError:
                return
            self.calls += 1
            end = BasicMode()
            try:
                while data := self._line.recv(4096):
                    for out in answers(end, data):
                        self._line.sendall(out)
            except OSError:
                continue

    def drop(self) -> None:
        assert self._line is not None
        self._line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        if self._line is not None:
            self._line.close()
        self._thread.join(5)


@pytest.fixture
def server() -> Iterator[ConsoleServer]:
    made = ConsoleServer()
    yield made
    made.close()


def test_a_console_server_that_hangs_up_is_called_again(server: ConsoleServer) -> None:
    with connect(server.url) as ipmi:
        for calls in range(1, 4):
            assert ipmi.get_device_id().firmware == "2.09"
            assert server.calls == calls
            server.drop()


def test_secrets_go_over_a_cable_but_not_through_a_console_server(
    server: ConsoleServer, board: Callable[[str], Board]
) -> None:
    secret = {"user_id": 3, "operation": "set password", "password": "planted word"}
    with connect(server.url) as ipmi, pytest.raises(NotAllowed, match="it carries a secret"):
        ipmi.send_message_with_name("SetUserPassword", **secret)
    with connect(board("basic").url) as ipmi, ipmi.expect(0xC1):  # the board knows no users
        ipmi.send_message_with_name("SetUserPassword", **secret)


def test_asyncio_calls_again_too(server: ConsoleServer) -> None:
    async def ask() -> None:
        async with connect_asyncio(server.url) as ipmi:
            for calls in range(1, 4):
                assert (await ipmi.get_device_id()).firmware == "2.09"
                assert server.calls == calls
                server.drop()

    asyncio.run(asyncio.wait_for(ask(), 10))


def test_a_console_server_that_is_gone_for_good_is_told() -> None:
    server = ConsoleServer()
    with connect(server.url, timeout=0.5) as ipmi:
        server.close()
        with pytest.raises(NoAnswer, match="nobody listens at socket://"):
            ipmi.get_device_id()


def test_a_text_command_that_is_cancelled_is_in_nobodys_way(board: Callable[[str], Board]) -> None:
    far = board("terminal")

    async def ask() -> None:
        async with connect_asyncio(far.url) as ipmi:
            lost, send = asyncio.Event(), ipmi.link.port.send
            ipmi.link.port.send = lambda datagram: lost.set()
            first = asyncio.create_task(ipmi.send_text_command("TMODE"))
            await lost.wait()
            first.cancel()
            ipmi.link.port.send = send
            assert await ipmi.send_text_command("HEALTH QUERY") == "PWR:ON H:ok"
            assert first.cancelled()

    asyncio.run(asyncio.wait_for(ask(), 10))


def test_who_waits_for_a_text_is_told_when_the_line_is_closed(board: Callable[[str], Board]) -> None:
    far = board("terminal")

    async def ask() -> None:
        async with connect_asyncio(far.url) as ipmi:
            lost = asyncio.Event()
            ipmi.link.port.send = lambda datagram: lost.set()
            first = asyncio.create_task(ipmi.send_text_command("TMODE"))
            await lost.wait()
        with pytest.raises(SessionError, match="closed meanwhile"):
            await first

    asyncio.run(asyncio.wait_for(ask(), 10))
