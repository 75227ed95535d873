"""Recorded sessions of real clients with real BMCs, recomputed from their bytes."""

import json
from pathlib import Path
from typing import Any

import pytest

from ipmi_lab.errors import BadSignature, RemoteError
from ipmi_lab.packets import ipmb, lan15, lan20
from ipmi_lab.packets.rakp import OpenSessionRequest, OpenSessionResponse, Rakp1, Rakp2, Rakp3, Rakp4
from ipmi_lab.sessions.crypto import Suite, authentication_code
from ipmi_lab.sessions.keys import Agreement
from ipmi_lab.sessions.window import Window
from ipmi_lab.sessions.wrapping import Lan20

FOLDER = Path(__file__).parent.parent / "vectors" / "sessions"
Recording = dict[str, Any]
RECORDINGS = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
KEYED = [name for name, r in RECORDINGS.items() if r.get("derived", {}).get("sik")]
NOT_ANSWERED = {f"rmcpp-suite{n}-freeipmi-sim" for n in (7, 8, 12)}  # the server makes other keys than everybody else


def agreement(recording: Recording) -> Agreement:
    derived = recording["derived"]
    return Agreement(
        Suite(derived["auth_alg"], derived["integrity_alg"], derived["confidentiality_alg"]),
        int.from_bytes(bytes.fromhex(derived["sid_console"]), "little"),
        int.from_bytes(bytes.fromhex(derived["sid_managed"]), "little"),
        bytes.fromhex(derived["Rm"]),
        bytes.fromhex(derived["Rc"]),
        bytes.fromhex(derived["guid"]),
        derived["role"],
        bytes.fromhex(derived["username_hex"]),
        recording["credentials"]["password"].encode(),
        bytes.fromhex(recording["credentials"]["kg_hex"] or ""),
    )


@pytest.mark.parametrize("name", KEYED)
def test_hashes_and_keys_come_out_as_recorded(name: str) -> None:
    derived, made = RECORDINGS[name]["derived"], agreement(RECORDINGS[name])

    assert made.rakp2_code().hex() == derived["rakp2_code"]
    assert made.session_key.hex() == derived["sik"]
    if name != "rmcpp-bad-password-sim":  # its console saw a wrong proof and stopped there
        assert made.rakp3_code().hex() == derived["rakp3_code"]
        assert made.check_value().hex() == derived["rakp4_icv"]
    if "k1" in derived:
        assert made.key(1).hex() == derived["k1"]
        assert made.key(2).hex() == derived["k2"]


def end(recording: Recording, local: str, remote: str) -> Lan20:
    made = agreement(recording)
    integrity, confidentiality = made.ciphers(lambda count: bytes(count))
    ids = {"console": made.console_id, "bmc": made.bmc_id}
    return Lan20(
        local_id=ids[local],
        remote_id=ids[remote],
        integrity=integrity,
        confidentiality=confidentiality,
        window=Window(1, behind=16, ahead=15),
    )


@pytest.mark.parametrize("name", KEYED)
def test_every_packet_of_a_session_is_verified_and_decrypted(name: str) -> None:
    recording = RECORDINGS[name]
    ends = {"c2s": end(recording, "bmc", "console"), "s2c": end(recording, "console", "bmc")}
    seen = 0
    for packet in recording["packets"]:
        decoded = packet["decoded"]
        if decoded["kind"] != "rmcp+" or not decoded["session_id"] or "msg" not in decoded:
            continue
        seen += 1
        if name in NOT_ANSWERED and ends["c2s"].window.highest == decoded["session_seq"]:
            continue
        message = ends[packet["dir"]].unwrap(bytes.fromhex(packet["hex"]))
        frame = ipmb.parse(message)
        assert frame.data.hex() == decoded["msg"]["data"]
        assert frame.command == decoded["msg"]["cmd"]
    assert seen or "bad" in name


@pytest.mark.parametrize("name", [name for name in KEYED if RECORDINGS[name]["derived"]["integrity_alg"]])
def test_one_changed_bit_is_never_taken(name: str) -> None:
    recording = RECORDINGS[name]
    packets = [p for p in recording["packets"] if p["dir"] == "c2s" and p["decoded"].get("session_id")]
    if not packets:
        assert "bad" in name
        return
    whole = bytes.fromhex(packets[0]["hex"])
    for bit in range(8 * 4, 8 * len(whole)):
        spoilt = bytearray(whole)
        spoilt[bit // 8] ^= 1 << bit % 8
        with pytest.raises(RemoteError):
            end(recording, "bmc", "console").unwrap(bytes(spoilt))


V15 = [name for name in RECORDINGS if name.startswith("v15-")]


@pytest.mark.parametrize("name", V15)
def test_every_authentication_code_of_ipmi_15_fits(name: str) -> None:
    recording = RECORDINGS[name]
    password = recording["credentials"].get("client_used_password", recording["credentials"]["password"]).encode()
    for packet in recording["packets"]:
        datagram = bytes.fromhex(packet["hex"])
        if packet["decoded"]["kind"] != "v15":
            continue
        found = lan15.parse(datagram)
        ipmb.parse(found.message)
        if found.authentication:
            code = authentication_code(found.authentication, password, found.session_id, found.sequence, found.message)
            assert code == found.code
        assert lan15.pack(*found)[: len(datagram)] == datagram


SETUP = {
    "open_req": OpenSessionRequest,
    "open_rsp": OpenSessionResponse,
    "rakp1": Rakp1,
    "rakp2": Rakp2,
    "rakp3": Rakp3,
    "rakp4": Rakp4,
}


@pytest.mark.parametrize("name", sorted(set(RECORDINGS) - set(V15)))
def test_the_setup_messages_are_read_and_written_without_loss(name: str) -> None:
    seen = 0
    for packet in RECORDINGS[name]["packets"]:
        kind = next((key for key in SETUP if key in packet["decoded"]), None)
        if kind is None or packet["decoded"][kind].get("status"):
            continue
        payload = lan20.parse(bytes.fromhex(packet["hex"])).payload
        assert SETUP[kind].decode(payload).encode() == payload
        seen += 1
    assert seen or name.startswith("bridge-t30-b0-v15")


def test_a_foreign_key_is_told_apart() -> None:
    recording = RECORDINGS["rmcpp-suite3-sim"]
    packet = next(p for p in recording["packets"] if p["dir"] == "c2s" and p["decoded"].get("session_id"))
    other = RECORDINGS["rmcpp-suite3-longpw-sim"]
    wrong = end(other, "bmc", "console")
    wrong.local_id = agreement(recording).bmc_id

    with pytest.raises(BadSignature):
        wrong.unwrap(bytes.fromhex(packet["hex"]))
