"""What sessions sign and encrypt with: the algorithms of the cipher suites and of IPMI 1.5. IPMI 2.0 §13.28 to §13.31.

What signs and encrypts is made once a session, not once a packet: most of a packet's time would go into making it. The
hashes are those that the interpreter has built in: for the few bytes of a packet OpenSSL's take longer, so much is set
up for each, and they would load a library that only encryption needs.
"""

import struct
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ipmi_lab.errors import LocalError, RemoteError
from ipmi_lab.sessions.md2 import md2

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.modes import CBC

Random = Callable[[int], bytes]

AUTHENTICATIONS = {0: "none", 1: "HMAC-SHA1", 2: "HMAC-MD5", 3: "HMAC-SHA256"}
INTEGRITIES = {0: "none", 1: "HMAC-SHA1-96", 2: "HMAC-MD5-128", 3: "MD5-128", 4: "HMAC-SHA256-128"}
CONFIDENTIALITIES = {0: "none", 1: "AES-CBC-128", 2: "xRC4-128", 3: "xRC4-40"}

HASHES = {1: "sha1", 2: "md5", 3: "sha256"}
CHECK_VALUE_SIZES = {0: 0, 1: 12, 2: 16, 3: 16}
BLOCK = 16
HASH_BLOCK = 64


class Suite(NamedTuple):
    """A cipher suite: one algorithm each for authentication, integrity and confidentiality."""

    authentication: int
    integrity: int
    confidentiality: int

    def __str__(self) -> str:
        return "/".join(
            names.get(number, f"unknown 0x{number:02X}")
            for names, number in zip((AUTHENTICATIONS, INTEGRITIES, CONFIDENTIALITIES), self, strict=True)
        )


SUITES = {
    0: Suite(0, 0, 0),
    1: Suite(1, 0, 0),
    2: Suite(1, 1, 0),
    3: Suite(1, 1, 1),
    4: Suite(1, 1, 2),
    5: Suite(1, 1, 3),
    6: Suite(2, 0, 0),
    7: Suite(2, 2, 0),
    8: Suite(2, 2, 1),
    9: Suite(2, 2, 2),
    10: Suite(2, 2, 3),
    11: Suite(2, 3, 0),
    12: Suite(2, 3, 1),
    13: Suite(2, 3, 2),
    14: Suite(2, 3, 3),
    15: Suite(3, 0, 0),
    16: Suite(3, 4, 0),
    17: Suite(3, 4, 1),
    18: Suite(3, 4, 2),
    19: Suite(3, 4, 3),
}
STRONGEST_FIRST = (17, 3, 12, 8, 18, 4, 13, 9, 19, 5, 14, 10, 16, 2, 11, 7, 15, 1, 6)
"""What ``auto`` tries, and never suite 0: with it any password works."""


class Hash(Protocol):
    """The hash over some bytes, as ``hashlib`` has it."""

    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class _Begun(Hash, Protocol):
    """A hash that can be gone on with more than once."""

    def copy(self) -> "_Begun": ...


@cache
def _hash(name: str) -> Callable[[bytes], _Begun]:
    """Begins a hash with some bytes: md5, sha1 or sha256."""
    for module in (f"_{name}", "_sha2"):
        try:
            found: Callable[[bytes], _Begun] = getattr(import_module(module), name)
        except (ImportError, AttributeError):
            continue
        return found
    import hashlib  # of an interpreter that was built without its own

    return partial(hashlib.new, name, usedforsecurity=False)


md5 = _hash("md5")
_INNER, _OUTER = (bytes(number ^ pad for number in range(256)) for pad in (0x36, 0x5C))


def _keyed(name: str, key: bytes) -> tuple[_Begun, _Begun]:
    """The two hashes of an HMAC, behind the key (RFC 2104): the outer one takes what the inner one made of the data."""
    begin = _hash(name)
    if len(key) > HASH_BLOCK:
        key = begin(key).digest()
    key = key.ljust(HASH_BLOCK, b"\0")
    return begin(key.translate(_INNER)), begin(key.translate(_OUTER))


def hash_of(authentication: int, key: bytes, data: bytes) -> bytes:
    """The keyed hash of an authentication algorithm; empty where it is none."""
    if not authentication:
        return b""
    inner, outer = _keyed(HASHES[authentication], key)
    inner.update(data)
    outer.update(inner.digest())
    return outer.digest()


class Integrity(NamedTuple):
    """Signs packets: what begins the two hashes over one, of which the outer one takes what the inner one made, and how
    many bytes of its digest go along (0: nothing is signed)."""

    inner: Callable[[], Hash]
    outer: Callable[[], Hash]
    size: int

    def code(self, data: bytes) -> bytes:
        """What goes along with a packet."""
        inner, outer = self.inner(), self.outer()
        inner.update(data)
        outer.update(inner.digest())
        return outer.digest()[: self.size]


class _Whole:
    """No hash: its digest is all that it took."""

    def __init__(self) -> None:
        self._data = b""

    def update(self, data: bytes, /) -> None:
        self._data += data

    def digest(self) -> bytes:
        return self._data


class _Md5Sandwich(_Whole):
    """MD5-128: the password before and behind the data, no HMAC."""

    def __init__(self, password: bytes) -> None:
        super().__init__()
        self._password = password.ljust(20, b"\0")

    def digest(self) -> bytes:
        return md5(self._password + self._data + self._password).digest()


def integrity(algorithm: int, k1: bytes, password: bytes) -> Integrity:
    """The signer of an integrity algorithm."""
    if algorithm in (0, 3):
        return Integrity(_Whole, partial(_Md5Sandwich, password), 16 if algorithm else 0)
    name, size = {1: ("sha1", 12), 2: ("md5", 16), 4: ("sha256", 16)}[algorithm]
    inner, outer = _keyed(name, k1)
    return Integrity(inner.copy, outer.copy, size)


class Confidentiality(Protocol):
    """Encrypts payloads and decrypts them; RemoteError where what came cannot be what was sent."""

    def encrypt(self, payload: bytes) -> bytes: ...

    def decrypt(self, data: bytes) -> bytes: ...


@cache
def _aes_cbc() -> "Callable[[bytes, bytes], Cipher[CBC]]":
    """What makes the cipher of a key and a vector; loaded when the first session wants it."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    return lambda key, vector: Cipher(algorithms.AES(key), modes.CBC(vector))


LEAST_BLOCKS = 2 * BLOCK  # a vector, and one of pad or message
AES_VECTOR = bytes(BLOCK)
AES_PADS = [bytes(range(1, count + 1)) + bytes((count,)) for count in range(BLOCK)]


class Aes:
    """AES-CBC-128 with one context each way for the whole session. IPMI 2.0 §13.29.

    A packet's initialisation vector must be one that nobody could foresee. A block that goes into the running chain
    before each payload comes out as one: it is the last block on the wire, encrypted once more, and that takes the key
    (NIST SP 800-38A, appendix C). All behind it is standard CBC under that vector. Likewise a received vector is fed in
    first and its output dropped. Only whole blocks go in: a part of one would put the context out of step for good.
    """

    def __init__(self, key: bytes, random: Random) -> None:
        cipher = _aes_cbc()(key, random(BLOCK))
        chain_on, chain_back = cipher.encryptor().update, cipher.decryptor().update

        def encrypt(payload: bytes) -> bytes:
            return chain_on(AES_VECTOR + payload + AES_PADS[~len(payload) & 15])

        def decrypt(data: bytes) -> bytes:
            size = len(data)
            if size & 15 or size < LEAST_BLOCKS:
                raise RemoteError(f"an encrypted payload of {size} bytes came, which is no whole number of blocks")
            plain = chain_back(data)
            pad = plain[-1]
            if pad > 15:  # some BMCs pad with other bytes than the standard's 1, 2, 3 …: only the count matters
                raise RemoteError(f"the decrypted payload ends with an impossible pad of {pad} bytes")
            return plain[16:~pad]

        self.chains = chain_on, chain_back
        self.encrypt: Callable[[bytes], bytes] = encrypt
        self.decrypt: Callable[[bytes], bytes] = decrypt


class Xrc4:
    """xRC4 with a new vector in each packet, so that nothing depends on the packets before. IPMI 2.0 §13.30.

    The header is an offset of four bytes, zero here, and the vector; the key is MD5 over the first 16 bytes of K2
    and the vector, of which xRC4-40 takes 5 bytes. No BMC is known that speaks it, so only our own ends met.
    """

    def __init__(self, key: bytes, size: int, random: Random) -> None:
        self._key, self._size, self._random = key[:16], size, random

    def encrypt(self, payload: bytes) -> bytes:
        vector = self._random(16)
        return bytes(4) + vector + self._stream(vector, payload)

    def decrypt(self, data: bytes) -> bytes:
        if len(data) < 20 or data[:4] != bytes(4):
            raise RemoteError("an xRC4 payload came without the vector that it begins with")
        return self._stream(data[4:20], data[20:])

    def _stream(self, vector: bytes, data: bytes) -> bytes:
        from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
        from cryptography.hazmat.primitives.ciphers import Cipher

        key = md5(self._key + vector).digest()[: self._size]
        return Cipher(ARC4(key), None).encryptor().update(data)


def confidentiality(algorithm: int, k2: bytes, random: Random) -> Confidentiality | None:
    """The cipher of a confidentiality algorithm, or None where nothing is encrypted."""
    if algorithm == 1:
        return Aes(k2[:16], random)
    return Xrc4(k2, 16 if algorithm == 2 else 5, random) if algorithm else None


DIGESTS = (1, 2, 4)
"""The authentication types of IPMI 1.5 that make a code: MD2, MD5, straight password."""

_BEFORE, _BEHIND = struct.Struct("<16sI"), struct.Struct("<I16s")


def authentication_code(kind: int, password: bytes, session_id: int, sequence: int, message: bytes) -> bytes:
    """The code of one IPMI 1.5 packet on a LAN. IPMI 2.0 §22.17.1."""
    return authenticator(kind, password, session_id)(sequence, message)


def authenticator(kind: int, password: bytes, session_id: int) -> Callable[[int, bytes], bytes]:
    """What makes the codes of a whole session, of each packet's sequence number and message."""
    if kind == 4:
        padded = password.ljust(16, b"\0")
        return lambda sequence, message: padded
    before, behind = _BEFORE.pack(password, session_id), _BEHIND.pack
    if kind == 2:
        return lambda sequence, message: md5(before + message + behind(sequence, password)).digest()
    return lambda sequence, message: digest15(kind, before + message + behind(sequence, password))


def digest15(kind: int, data: bytes) -> bytes:
    """MD2 or MD5, by the number of the IPMI 1.5 authentication type."""
    if kind == 1:
        return md2(data)
    if kind == 2:
        return md5(data).digest()
    raise LocalError(f"the authentication type {kind} has no digest that we know")
