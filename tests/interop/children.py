"""Child processes that are always ended: each in a group of its own, its words read all the time."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from typing import IO


class Output:
    """Reads what a process says, so that it never waits for a reader and a test can wait for a word."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._said = bytearray()  # as bytes, each piece would cost a copy of all before it
        self._ended = False
        self._news = threading.Condition()
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream: IO[bytes]) -> None:
        while piece := os.read(stream.fileno(), 65536):
            with self._news:
                self._said += piece
                self._news.notify_all()
        stream.close()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def wait_until(self, enough: Callable[[bytes], bool], seconds: float = 10) -> bool:
        """Whether it said enough in time; at once when it does, or when it ends."""
        with self._news:
            self._news.wait_for(lambda: self._ended or enough(bytes(self._said)), seconds)
            return enough(bytes(self._said))

    @property
    def text(self) -> str:
        """All that was said so far, output and errors."""
        return self._said.decode(errors="replace")


class Child:
    """A server in a process group of its own. It ends by ``stop``, or when its stdin closes as its parent dies."""

    def __init__(self, command: list[str], environment: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._stdin = self.process.stdin
        self.output = Output(self.process.stdout)

    def tell(self, line: str) -> None:
        """Write a line to its stdin."""
        self._stdin.write(line.encode() + b"\n")
        self._stdin.flush()

    def stop(self) -> None:
        """End the process and whatever it started, and wait until it is gone."""
        with contextlib.suppress(BrokenPipeError):
            self._stdin.close()
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, sign)
            try:
                self.process.wait(2)
                return
            except subprocess.TimeoutExpired:
                continue


def run(
    command: list[str], environment: Mapping[str, str], seconds: float, said: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a client to its end; after ``seconds`` it is killed, with what it said until then in its error.

    ``said`` is what it reads from its stdin; without it, it has ours.
    """
    return subprocess.run(
        command,
        env={**os.environ, **environment},
        input=said,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
