"""How messages travel a serial line: basic mode's escaped bytes and terminal mode's lines. IPMI 2.0 §14.4, §14.7.

Both modes take the line as bytes in any pieces and give what stands on it: messages, lines of text, "ready for more",
and noise. Whatever is no message is dropped, and the search begins anew at the next start; nothing is kept beyond a
bounded size.
"""

import re
from typing import NamedTuple, Protocol

from ipmi_lab.packets import ipmb

START, STOP, HANDSHAKE, ESCAPE = 0xA0, 0xA5, 0xA6, 0xAA
ESCAPED = {START: 0xB0, STOP: 0xB5, HANDSHAKE: 0xB6, ESCAPE: 0xBA, 0x1B: 0x3B}
PLAIN = {second: plain for plain, second in ESCAPED.items()}
LONGEST_FRAME = 300
LONGEST_LINE = 1200
SAMPLE = 64  # of noise, so many bytes are kept to look at
BRIDGED = 1
NEWLINES = b"\r\n\0"
HEX = re.compile(r"[0-9A-Fa-f]{2}(?: ?[0-9A-Fa-f]{2})*")
STATUS = re.compile(r"(?:SYS Health|[A-Z]{1,3}):")
BACKSPACE, DELETE, ESC = 0x08, 0x7F, 0x1B


class Message(NamedTuple):
    """A message, laid out as on the IPMB; terminal mode's missing addresses and checksums are filled in."""

    message: bytes


class Text(NamedTuple):
    """A line of terminal mode that is for people too: ``SYS TMODE``, ``OK TMODE``, ``ERR C1``; without brackets."""

    text: str


class Ready(NamedTuple):
    """The other end can take another message."""


class Noise(NamedTuple):
    """What was dropped, and why; a sample of it where there was much."""

    reason: str
    data: bytes


Piece = Message | Text | Ready | Noise


class Mode(Protocol):
    """One way to frame messages; an object is one end of one line, since it remembers half of what came."""

    name: str

    def wrap(self, message: bytes) -> bytes:
        """A message as it goes out."""

    def feed(self, data: bytes) -> list[Piece]:
        """What came to its end with these bytes."""


class _Reader:
    """Takes a line apart, byte by byte; ``stray`` is what bytes outside of any message are called."""

    stray: str

    def __init__(self) -> None:
        self._noise = bytearray()

    def feed(self, data: bytes) -> list[Piece]:
        """What came to its end with these bytes."""
        pieces: list[Piece] = []
        for byte in data:
            piece = self._byte(byte)
            if piece is not None:
                self._flush(pieces)
                pieces.append(piece)
        self._flush(pieces)
        return pieces

    def _flush(self, pieces: list[Piece]) -> None:
        if self._noise:
            pieces.append(Noise(self.stray, bytes(self._noise)))
            self._noise.clear()

    def _astray(self, byte: int) -> None:
        if len(self._noise) < SAMPLE:
            self._noise.append(byte)

    def _byte(self, byte: int) -> Piece | None:
        raise NotImplementedError


class BasicMode(_Reader):
    """Messages between start and stop bytes, with these and a few others escaped."""

    name = "basic"
    stray = "bytes came that belong to no frame"

    def __init__(self) -> None:
        super().__init__()
        self._frame: bytearray | None = None  # None while no start has come
        self._escaping = False

    def wrap(self, message: bytes) -> bytes:
        out = bytearray((START,))
        for byte in message:
            out += bytes((ESCAPE, ESCAPED[byte])) if byte in ESCAPED else bytes((byte,))
        out.append(STOP)
        return bytes(out)

    def _byte(self, byte: int) -> Piece | None:
        frame = self._frame
        if byte == HANDSHAKE and not self._escaping:
            return Ready()
        if frame is None:
            if byte == START:
                self._frame = bytearray()
            else:
                self._astray(byte)
            return None
        if self._escaping:
            self._escaping = False
            if byte in PLAIN:
                frame.append(PLAIN[byte])
                return None
            self._frame = bytearray() if byte == START else None
            return Noise(f"a frame came with 0x{byte:02X} behind an escape", bytes(frame[:SAMPLE]))
        if byte == START:
            self._frame = bytearray()
            return Noise("a frame broke off", bytes(frame[:SAMPLE])) if frame else None
        if byte == STOP:
            self._frame = None
            if len(frame) >= ipmb.SHORTEST:
                return Message(bytes(frame))
            return Noise(f"a frame of {len(frame)} bytes is too short", bytes(frame))
        if byte == ESCAPE:
            self._escaping = True
            return None
        frame.append(byte)
        if len(frame) > LONGEST_FRAME:
            self._frame = None
            return Noise("a frame without end came", bytes(frame[:SAMPLE]))
        return None


class TerminalMode(_Reader):
    """Lines between brackets: hex pairs for messages, words for people.

    ``local`` and ``remote`` are the addresses that the lines leave out: whose end this is, and whose the other one.
    With ``editing`` a backspace takes back a character, and ESC the line. Terminal mode has no checksums.
    """

    name = "terminal"
    stray = "bytes came that belong to no line in brackets"

    def __init__(
        self, local: int = ipmb.CONSOLE, remote: int = ipmb.BMC, *, newline: bytes = b"\r\n", editing: bool = False
    ) -> None:
        super().__init__()
        self._local, self._remote = local, remote
        self.set(newline=newline, editing=editing)
        self._line: bytearray | None = None  # None while no bracket is open
        self._continued = ""  # "backslash" behind one, "newline" behind the end of its line

    def wrap(self, message: bytes) -> bytes:
        """A line; an answer that is not from this end itself is one to a bridged request."""
        bridge = BRIDGED if message[1] >> 2 & 1 and message[3] != self._local else 0
        lun = message[4] & 3 if message[1] >> 2 & 1 else message[1] & 3
        head = bytes((message[1] & 0xFC | lun, message[4] & 0xFC | bridge))
        return self.wrap_text((head + message[5:-1]).hex(" ").upper())

    def set(self, *, newline: bytes, editing: bool) -> None:
        """How lines end that go out, and whether those that come in may be corrected."""
        self.newline, self.editing = newline, editing

    def wrap_text(self, text: str) -> bytes:
        """A line of text."""
        return b"[" + text.encode("latin-1", "replace") + b"]" + self.newline

    def _byte(self, byte: int) -> Piece | None:
        line = self._line
        if byte == ord("["):
            self._line, self._continued = bytearray(), ""
            return Noise("a line broke off", bytes(line[:SAMPLE])) if line else None
        if line is None:
            if byte not in NEWLINES:
                self._astray(byte)
            return None
        if self._continued and byte in NEWLINES:
            self._continued = "newline"
            return None
        broken, self._continued = self._continued == "backslash", ""
        if byte == ord("]") and not broken:
            self._line = None
            return self._read(line.decode("ascii"))
        if byte == ord("\\"):
            self._continued = "backslash"
        elif byte in NEWLINES:
            if line[-1:] != b"\n":
                line.append(ord("\n"))
        elif byte in (BACKSPACE, DELETE) and self.editing:
            del line[-1:]
        elif 0x20 <= byte < 0x7F and not broken:
            line.append(byte)
        else:
            self._line = None
            return Noise(f"a line came with the character 0x{byte:02X}", bytes(line[:SAMPLE]) + bytes((byte,)))
        if len(line) > LONGEST_LINE:
            self._line = None
            return Noise("a line without end came", bytes(line[:SAMPLE]))
        return None

    def _read(self, line: str) -> Piece:
        text = line.strip(" ")
        if HEX.fullmatch(text):
            body = bytes.fromhex(text)
            if len(body) >= 3:
                return Message(self._message(body))
        word = text.split(None, 1)[0].upper() if text.strip() else ""
        if text.upper() == "SYS":
            return Ready()
        if word in ("SYS", "OK", "ERR") or STATUS.match(text):
            return Text(text)
        return Noise("a line came that is neither hex nor a known word", line[:SAMPLE].encode("ascii"))

    def _message(self, body: bytes) -> bytes:
        """The message as the IPMB would carry it. The LUN is always the BMC's; whose number it is says the parity of
        the network function."""
        netfn, lun, sequence = body[0] & 0xFC, body[0] & 3, body[1] & 0xFC
        if netfn >> 2 & 1:
            return ipmb.pack(self._local, netfn, self._remote, sequence | lun, body[2], body[3:])
        return ipmb.pack(self._local, netfn | lun, self._remote, sequence, body[2], body[3:])


def is_reply(text: str) -> bool:
    """Whether a line answers a text command: it is accepted, refused, or answered by a status."""
    return text.split(None, 1)[0].upper() in ("OK", "ERR") or STATUS.match(text) is not None


def looks_like(noise: bytes) -> str:
    """What is on the line in place of what was expected, as far as a sample of the noise shows it; else nothing."""
    if re.search(rb"\[(?:[0-9A-Fa-f]{2} ?){3,}|\[(?:SYS|OK|ERR)\b", noise):
        return "terminal mode"
    if re.search(rb"\xa0[\x20\x81]", noise) or HANDSHAKE in noise:
        return "basic mode"
    readable = sum(0x20 <= byte < 0x7F or byte in b"\r\n\t\x1b" for byte in noise)
    if len(noise) >= 8 and readable >= 0.9 * len(noise):
        return "a console with text"
    return "another speed of the line" if len(noise) >= 4 else ""
