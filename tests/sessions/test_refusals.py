"""What a BMC may say while a session is opened: every status by its name, and at every step."""

import pytest

from ipmi_lab.packets import lan20
from ipmi_lab.packets.rakp import Refusal, Status, proposal
from ipmi_lab.sessions.crypto import SUITES
from ipmi_lab.sessions.login import Timing
from ipmi_lab.sessions.table import BmcSession
from ipmi_lab.wire.codes import Privilege
from tests.sessions.pair import Pair, profile

ASKS_AGAIN = {Status.INVALID_SESSION_ID, Status.INACTIVE_SESSION_ID}  # the BMC forgot: new ids may help
ANSWERS = {"Open Session": lan20.OPEN_RESPONSE, "RAKP 1": lan20.RAKP2, "RAKP 3": lan20.RAKP4}
OTHERS = [(0x13, "for an unknown reason"), (0xC5, "for a reason of its maker's own")]
NAMED = [(int(status), status.words) for status in Status if status and status not in ASKS_AGAIN]


def refusing(message: str, status: int, **login: object) -> Pair:
    """A BMC that refuses at one step."""

    def refuse(datagram: bytes) -> list[bytes]:
        if datagram[4] != lan20.FORMAT or datagram[5] != ANSWERS[message]:
            return [datagram]
        answer = lan20.parse(datagram).payload
        refusal = Refusal(tag=answer[0], status=status).encode() + bytes(2) + answer[4:8]
        return [lan20.pack(ANSWERS[message], 0, 0, refusal)]

    pair = Pair(timing=Timing(timeout=0.1, retries=1), **{"cipher": 3} | login)
    pair.to_console = refuse
    return pair


@pytest.mark.parametrize("message", ANSWERS)
@pytest.mark.parametrize(("status", "words"), NAMED + OTHERS, ids=[f"0x{status:02X}" for status, _ in NAMED + OTHERS])
def test_each_status_is_named_wherever_it_comes(status: int, words: str, message: str) -> None:
    text = refusing(message, status).refused()

    assert words in text
    assert f"0x{status:02X}" in text


@pytest.mark.parametrize("message", ["RAKP 1", "RAKP 3"])
@pytest.mark.parametrize("status", sorted(ASKS_AGAIN))
def test_a_bmc_that_forgot_the_session_is_asked_again_with_new_ids(status: Status, message: str) -> None:
    pair = refusing(message, status)

    assert f"answers Open Session, and then not {message}, 10 times" in pair.refused()
    requests = {lan20.parse(sent).payload for sent in pair.sent if sent[5] == lan20.OPEN_REQUEST and sent[4] == 6}
    assert len(requests) == 10


@pytest.mark.parametrize("status", [0x0A, 0x12])
def test_a_suite_may_be_refused_with_any_status_where_the_choice_is_ours(status: int) -> None:
    text = refusing("Open Session", status, cipher=None).refused()

    assert text.startswith("the BMC takes none of the cipher suites that were tried: 17 (")
    assert f"0x{status:02X}); it lists 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17" in text


@pytest.mark.parametrize("only", [3, 17])
def test_a_bmc_that_lists_the_wrong_suites_is_tried_with_the_usual_ones(only: int) -> None:
    pair = Pair(machine=profile(suites=[1, 2, only]))
    accounts = pair.bmc.sessions.accounts
    takes = accounts.suites

    def truly(datagram: bytes) -> list[bytes]:
        accounts.suites = takes if datagram[5:6] == b"\x10" else lambda: frozenset({1})  # type: ignore[method-assign]
        return [datagram]

    pair.to_bmc = truly
    pair.bmc.profile.suites[:] = [only]

    assert f"cipher suite {only} " in pair.opened().console.how


def test_a_gentle_client_is_not_hurried_by_a_refusal_of_the_machine() -> None:
    pair = Pair(timing=Timing().gentle())
    pair.console.open(pair.now)
    pair.console.datagrams()
    pair.console.refused()

    assert pair.console.deadline() == pair.now + 2.0


@pytest.mark.parametrize("version", ["1.5", "2.0"])
def test_a_session_that_gets_no_privilege_is_given_back(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The BMC opens it, and then does not let it rise: it would keep its slot for a minute."""
    pair = Pair(version=version)
    add = pair.bmc.sessions.add

    def limited(session: BmcSession) -> None:
        session.limit = Privilege.USER
        add(session)

    monkeypatch.setattr(pair.bmc.sessions, "add", limited)

    assert "the session was opened, but not as administrator" in pair.refused()
    assert not pair.bmc.sessions.open


def agreeing_to(suite: int, **login: object) -> Pair:
    """A BMC that answers every proposal with one suite, as pyghmi's server does."""

    def other(datagram: bytes) -> list[bytes]:
        if datagram[4] != lan20.FORMAT or datagram[5] != lan20.OPEN_RESPONSE:
            return [datagram]
        named = b"".join(proposal(kind, algorithm) for kind, algorithm in enumerate(SUITES[suite]))
        return [lan20.pack(lan20.OPEN_RESPONSE, 0, 0, lan20.parse(datagram).payload[:12] + named)]

    pair = Pair(**login)
    pair.to_console = other
    return pair


def test_a_bmc_that_agrees_to_another_suite_is_not_logged_in_to() -> None:
    pair = agreeing_to(3, cipher=17)

    text = pair.refused()

    assert "17 (it agreed, but to HMAC-SHA1/HMAC-SHA1-96/AES-CBC-128)" in text
    assert "Ask for the one that it takes in its place: cipher=3." in text
    assert not any(sent[4:6] == bytes((lan20.FORMAT, lan20.RAKP1)) for sent in pair.sent)


def test_where_the_choice_is_ours_the_suite_that_it_agrees_to_is_taken() -> None:
    assert "cipher suite 3 " in agreeing_to(3).opened().console.how
