"""The ciphers against independent ones and published values."""

import contextlib
import hashlib
import hmac
import importlib.util
import os
import sys
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, strategies

from ipmi_lab.errors import RemoteError
from ipmi_lab.sessions import crypto
from ipmi_lab.sessions.crypto import Aes, Xrc4, confidentiality, hash_of, integrity
from ipmi_lab.sessions.md2 import md2

KEY = bytes(range(16))


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        ("", "8350e5a3e24c153df2275c9f80692773"),
        ("a", "32ec01ec4a6dac72c0ab96fb34c0b5d1"),
        ("abc", "da853b0d3f88d99b30283a69e6ded6bb"),
        ("message digest", "ab4f496bfb2a530b219ff33031fe06b0"),
        ("1234567890" * 8, "d5976f79d83d3a0dc9806c3c66f3efd8"),
    ],
)
def test_md2_gives_the_digests_of_the_rfc(text: str, digest: str) -> None:
    assert md2(text.encode()).hex() == digest


@given(strategies.lists(strategies.binary(max_size=80), min_size=1, max_size=8))
def test_one_aes_context_for_a_session_is_standard_cbc_packet_by_packet(payloads: list[bytes]) -> None:
    ours = Aes(KEY, os.urandom)
    for payload in payloads:
        sent = ours.encrypt(payload)
        plain = Cipher(algorithms.AES(KEY), modes.CBC(sent[:16])).decryptor().update(sent[16:])
        assert plain[: len(payload)] == payload
        assert plain[-1] == len(plain) - len(payload) - 1
        assert plain[len(payload) : -1] == bytes(range(1, plain[-1] + 1))


@given(strategies.lists(strategies.binary(max_size=80), min_size=1, max_size=8), strategies.binary(max_size=70))
def test_aes_decrypts_what_another_cbc_encrypted_even_after_garbage(payloads: list[bytes], garbage: bytes) -> None:
    ours = Aes(KEY, os.urandom)
    for payload in payloads:
        with contextlib.suppress(RemoteError):
            ours.decrypt(garbage)
        count = -(len(payload) + 1) % 16
        vector = os.urandom(16)
        encryptor = Cipher(algorithms.AES(KEY), modes.CBC(vector)).encryptor()
        sent = vector + encryptor.update(payload + bytes(range(1, count + 1)) + bytes((count,)))
        assert ours.decrypt(sent) == payload


def test_the_same_payload_never_looks_the_same() -> None:
    ours = Aes(KEY, os.urandom)

    assert len({ours.encrypt(b"payload") for _ in range(100)}) == 100


@pytest.mark.parametrize("size", [0, 1, 15, 16, 31, 33, 47])
def test_what_is_no_whole_number_of_blocks_is_refused(size: int) -> None:
    with pytest.raises(RemoteError):
        Aes(KEY, os.urandom).decrypt(bytes(size))


@pytest.mark.parametrize("algorithm", [2, 3])
def test_xrc4_goes_both_ways(algorithm: int) -> None:
    one, other = (confidentiality(algorithm, bytes(20), os.urandom) for _ in range(2))
    assert isinstance(one, Xrc4)
    assert isinstance(other, Xrc4)

    assert other.decrypt(one.encrypt(b"some payload")) == b"some payload"
    with pytest.raises(RemoteError):
        other.decrypt(b"\0\0\0\1" + bytes(30))


@pytest.mark.parametrize(("algorithm", "number", "name"), [(1, 1, "sha1"), (2, 2, "md5"), (3, 4, "sha256")])
@pytest.mark.parametrize("size", [0, 1, 16, 20, 63, 64, 65, 200])
def test_keyed_hashes_are_those_of_the_standard(algorithm: int, number: int, name: str, size: int) -> None:
    key = bytes(range(size))
    kept = integrity(number, key, b"")

    for data in (b"", b"data", bytes(55), bytes(56), bytes(64), bytes(1000)):
        wanted = hmac.digest(key, data, name)
        assert hash_of(algorithm, key, data) == wanted
        assert kept.code(data) == wanted[: kept.size]


def test_md5_128_has_the_password_at_both_ends() -> None:
    password = b"secret".ljust(20, b"\0")
    kept = integrity(3, b"", b"secret")

    for data in (b"one", b"another"):
        assert kept.code(data) == hashlib.md5(password + data + password).digest()


def test_md5_works_where_only_a_library_has_it_that_refuses_it_for_security(monkeypatch: pytest.MonkeyPatch) -> None:
    real = hashlib.md5

    def fips(data: bytes = b"", *, usedforsecurity: bool = True) -> Any:
        if usedforsecurity:
            raise ValueError("unsupported")
        return real(data)

    monkeypatch.setattr(hashlib, "md5", fips)
    monkeypatch.setitem(sys.modules, "_md5", None)
    found = importlib.util.spec_from_file_location("crypto_without_md5", crypto.__file__)
    assert found is not None
    assert found.loader is not None
    other = importlib.util.module_from_spec(found)
    found.loader.exec_module(other)

    assert other.digest15(2, b"abc") == real(b"abc").digest() == crypto.digest15(2, b"abc")
