"""No client at all: a loop with nothing in it but what the packets themselves ask of Python. What it cannot, none can.

It signs, encrypts, sends, waits, verifies and decrypts. It knows its one question beforehand; nothing can be lost, late
or forged, nothing is retried, timed, counted, named or told.
"""

import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import ipmi_lab
from benchmarks.lap import GET_DEVICE_ID, PASSWORD, USER, Lap, repeat
from ipmi_lab.packets import ipmb
from ipmi_lab.sessions.crypto import Aes, KeyedHash
from ipmi_lab.sessions.wrapping import Lan20

RMCP, PAD, VECTOR = b"\x06\x00\xff\x07", b"\xff\xff\x02\x07", bytes(16)


@contextmanager
def raw(host: str, port: int) -> Iterator[Callable[[float], Lap]]:
    """Raw commands in a session of suite 3 that the library has opened."""
    with ipmi_lab.connect(f"lanplus://{USER}@{host}:{port}", password=PASSWORD, cipher=3) as ipmi:
        link = ipmi.link
        session, door = link.session._wrapping, socket.socket(fileno=os.dup(link.port.fileno()))
        assert isinstance(session, Lan20)
        assert isinstance(session.integrity, KeyedHash)
        assert isinstance(session.confidentiality, Aes)
        copy = session.integrity._keyed.copy
        encrypt, decrypt = session.confidentiality._encrypt, session.confidentiality._decrypt
        send, receive, head = door.send, door.recv, struct.Struct("<BBIIH").pack
        netfn, command = GET_DEVICE_ID
        turns = [ipmb.pack(ipmb.BMC, netfn << 2, ipmb.CONSOLE, turn << 2, command, b"") for turn in range(64)]
        padded = [VECTOR + message + bytes(range(1, 9)) + b"\x08" for message in turns]

        def step() -> bytes:
            sequence = session.sequence
            session.sequence = sequence + 1
            packet = head(0x06, 0xC0, session.remote_id, sequence, 32) + encrypt(padded[sequence & 63]) + PAD
            signed = copy()
            signed.update(packet)
            send(RMCP + packet + signed.finalize()[:12])
            datagram = receive(4096)
            signed = copy()
            signed.update(datagram[4:-12])
            plain = decrypt(datagram[16:-16])[16:]
            if signed.finalize()[:12] != datagram[-12:] or plain[6]:
                raise ValueError("the answer is none")
            return plain[7:]

        with door:
            yield lambda seconds: repeat(step, seconds)
        session.window.highest = session.sequence - 1  # both ends count alike
