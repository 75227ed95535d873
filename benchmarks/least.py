"""No clients: loops with nothing in them but what the packets themselves ask of Python. What they cannot, none can.

They sign, encrypt, send, wait, verify and decrypt. They know their questions beforehand; nothing can be lost, late or
forged, nothing is retried, timed, counted, named or told, and a wrong answer only ends them.
"""

import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

import ipmi_lab
from benchmarks.lap import GET_DEVICE_ID, PASSWORD, USER, Lap, repeat
from ipmi_lab.packets import ipmb
from ipmi_lab.sessions.crypto import Aes, hash_of
from ipmi_lab.sessions.crypto import md5 as digest_md5
from ipmi_lab.sessions.wrapping import Lan15, Lan20

RMCP, VECTOR = b"\x06\x00\xff\x07", bytes(16)
PADS = (b"\xff\xff\x02\x07", b"\xff\x01\x07", b"\x00\x07", b"\xff\xff\xff\x03\x07")
NETFN, COMMAND = GET_DEVICE_ID
TURNS = [ipmb.pack(ipmb.BMC, NETFN << 2, ipmb.CONSOLE, turn << 2, COMMAND, b"") for turn in range(64)]


def _padded(message: bytes) -> bytes:
    count = -(len(message) + 1) % 16
    return VECTOR + message + bytes(range(1, count + 1)) + bytes((count,))


def _check(fits: bool) -> None:
    if not fits:
        raise ValueError("the answer is none")


@contextmanager
def raw(host: str, port: int) -> Iterator[Callable[[float], Lap]]:
    """Raw commands in a session of suite 3 that the library has opened."""
    with ipmi_lab.connect(f"lanplus://{USER}@{host}:{port}", password=PASSWORD, cipher=3) as ipmi:
        session, door = ipmi.link.session._wrapping, socket.socket(fileno=os.dup(ipmi.link.port.fileno()))
        assert isinstance(session, Lan20)
        assert isinstance(session.confidentiality, Aes)
        begin_inner, begin_outer, _ = session.integrity
        encrypt, decrypt = session.confidentiality.chains
        send, receive, head = door.send, door.recv, struct.Struct("<BBIIH").pack
        padded = [_padded(message) for message in TURNS]

        def step() -> bytes:
            sequence = session.sequence
            session.sequence = sequence + 1
            packet = head(0x06, 0xC0, session.remote_id, sequence, 32) + encrypt(padded[sequence & 63]) + PADS[0]
            inner, outer = begin_inner(), begin_outer()
            inner.update(packet)
            outer.update(inner.digest())
            send(RMCP + packet + outer.digest()[:12])
            datagram = receive(4096)
            inner, outer = begin_inner(), begin_outer()
            inner.update(datagram[4:-12])
            outer.update(inner.digest())
            plain = decrypt(datagram[16:-16])[16:]
            if outer.digest()[:12] != datagram[-12:] or plain[6]:
                raise ValueError("the answer is none")
            return plain[7:]

        with door:
            yield lambda seconds: repeat(step, seconds)
        session.window.highest = session.sequence - 1  # both ends count alike


@contextmanager
def md5(host: str, port: int) -> Iterator[Callable[[float], Lap]]:
    """Raw commands in a session of IPMI 1.5 with MD5 that the library has opened."""
    with ipmi_lab.connect(f"lan://{USER}@{host}:{port}", password=PASSWORD) as ipmi:
        session, door = ipmi.link.session._wrapping, socket.socket(fileno=os.dup(ipmi.link.port.fileno()))
        assert isinstance(session, Lan15)
        window = session.window
        assert window is not None
        send, receive, head = door.send, door.recv, struct.Struct("<4sBII16sB").pack
        before = struct.Struct("<16sI").pack(session.password, session.session_id)
        behind = struct.Struct("<I16s").pack

        def step() -> bytes:
            sequence, message = session.sequence, TURNS[session.sequence & 63]
            session.sequence = sequence + 1
            code = digest_md5(before + message + behind(sequence, session.password)).digest()
            send(head(RMCP, 2, sequence, session.session_id, code, len(message)) + message)
            datagram = receive(4096)
            message = datagram[30:]
            code = digest_md5(before + message + datagram[5:9] + session.password.ljust(16, b"\0")).digest()
            if code != datagram[13:29] or message[6]:
                raise ValueError("the answer is none")
            window.highest = int.from_bytes(datagram[5:9], "little")
            return message[7:]

        with door:
            yield lambda seconds: repeat(step, seconds)


@contextmanager
def sessions(host: str, port: int) -> Iterator[Callable[[float], Lap]]:
    """Sessions of suite 3, with the datagrams that the library sends too: opened, asked once, closed."""
    yield lambda seconds: repeat(lambda: _session(host, port), seconds, batch=1)


CAPABILITIES = RMCP + bytes(9) + b"\x09" + ipmb.pack(ipmb.BMC, 0x18, ipmb.CONSOLE, 0, 0x38, b"\x8e\x04")
SUITE_3 = b"\x00\x00\x00\x08\x01\x00\x00\x00\x01\x00\x00\x08\x01\x00\x00\x00\x02\x00\x00\x08\x01\x00\x00\x00"
NAMED = bytes((0x14, len(USER))) + USER.encode()  # looked up by name alone, as administrator
HEAD = struct.Struct("<4sBB4sIH").pack


def _session(host: str, port: int) -> None:
    secret = PASSWORD.encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.connect((host, port))
        door.send(CAPABILITIES)
        door.recv(4096)

        def say(kind: int, payload: bytes) -> bytes:
            door.send(HEAD(RMCP, 6, kind, bytes(4), 0, len(payload)) + payload)
            return door.recv(4096)[16:]

        console, numbers = os.urandom(4), os.urandom(16)
        bmc = say(0x10, b"\x01\x00\x00\x00" + console + SUITE_3)[8:12]
        answer = say(0x12, b"\x02\x00\x00\x00" + bmc + numbers + b"\x14\x00\x00" + NAMED[1:])
        theirs, guid, proof = answer[8:24], answer[24:40], answer[40:]
        _check(proof == hash_of(1, secret, console + bmc + numbers + theirs + guid + NAMED))
        answer = say(0x14, b"\x03\x00\x00\x00" + bmc + hash_of(1, secret, theirs + console + NAMED))
        key = hash_of(1, secret, numbers + theirs + NAMED)
        _check(answer[8:] == hash_of(1, key, numbers + bmc + guid)[:12])
        signing, hiding = hash_of(1, key, b"\x01" * 20), hash_of(1, key, b"\x02" * 20)
        cipher = Cipher(algorithms.AES(hiding[:16]), modes.CBC(os.urandom(16)))
        encrypt, decrypt = cipher.encryptor().update, cipher.decryptor().update
        rise, give_back = (0x3B, b"\x04"), (0x3C, bmc)
        for number, (command, data) in enumerate((rise, (COMMAND, b""), give_back), 1):
            message = ipmb.pack(ipmb.BMC, NETFN << 2, ipmb.CONSOLE, number << 2, command, data)
            payload = encrypt(_padded(message))
            packet = HEAD(RMCP, 6, 0xC0, bmc, number, len(payload)) + payload + PADS[len(payload) & 3]
            door.send(packet + hash_of(1, signing, packet[4:])[:12])
            datagram = door.recv(4096)
            _check(datagram[-12:] == hash_of(1, signing, datagram[4:-12])[:12])
            _check(not decrypt(datagram[16:-16])[22])
