"""How an RMCP+ session is opened: Open Session, then RAKP 1 to 4. IPMI 2.0 §13.15 to §13.24."""

from ipmi_lab.errors import NoAnswer, SessionError
from ipmi_lab.packets import lan20
from ipmi_lab.packets.rakp import (
    OpenSessionRequest,
    OpenSessionResponse,
    Proposal,
    Rakp1,
    Rakp2,
    Rakp3,
    Rakp4,
    Refusal,
    Status,
)
from ipmi_lab.sessions.crypto import STRONGEST_FIRST, SUITES, Random, Suite
from ipmi_lab.sessions.keys import Agreement
from ipmi_lab.sessions.login import Login
from ipmi_lab.sessions.steps import Say, Steps
from ipmi_lab.sessions.window import window20
from ipmi_lab.sessions.wrapping import Lan20, same
from ipmi_lab.wire.codes import Privilege

ATTEMPTS = 10
NAME_ONLY = 0x10
NO_SUITE = {
    Status.INVALID_AUTHENTICATION_ALGORITHM,
    Status.INVALID_INTEGRITY_ALGORITHM,
    Status.NO_MATCHING_AUTHENTICATION_PAYLOAD,
    Status.NO_MATCHING_INTEGRITY_PAYLOAD,
    Status.INVALID_CONFIDENTIALITY_ALGORITHM,
    Status.NO_CIPHER_SUITE_MATCHES_PROPOSAL,
}
STALE = {Status.INVALID_SESSION_ID, Status.INACTIVE_SESSION_ID}
HINTS = {
    Status.NO_RESOURCES_FOR_SESSION: "All session slots of the BMC are taken: close other sessions, or wait for them "
    "to time out (about a minute).",
    Status.UNAUTHORIZED_NAME: "Check the user name, and that the user is enabled for this channel and privilege.",
    Status.UNAUTHORIZED_ROLE_OR_PRIVILEGE: "Ask for a lower privilege, or raise the user's limit on this channel.",
    Status.INVALID_ROLE: "Ask for another privilege, and check that user and channel are enabled.",
    Status.NO_RESOURCES_AT_REQUESTED_ROLE: "All session slots of this privilege are taken: wait, or ask for a lower "
    "privilege.",
    Status.INVALID_INTEGRITY_CHECK_VALUE: "Check the password.",
}


class SuiteRefused(Exception):
    """The BMC takes other algorithms; the next suite may fit."""


def open20(login: Login, random: Random, listed: list[int]) -> Steps[tuple[Lan20, str]]:
    """Open a session with the first suite that the BMC takes; ``listed`` are the suites that it told of."""
    refusals = []
    for number in candidates(login, listed):
        try:
            wrapping = yield from _open_with(login, random, SUITES[number])
        except SuiteRefused as refusal:
            refusals.append(f"{number} ({refusal})")
        else:
            return wrapping, f"IPMI 2.0, cipher suite {number} ({SUITES[number]})"
    offered = f"it lists {', '.join(map(str, listed))}" if listed else "it lists none"
    raise SessionError(
        f"the BMC takes none of the cipher suites that were tried: {', '.join(refusals) or 'none'}; {offered}",
        hint="Ask for one that it lists (cipher=…), or enable one in the BMC.",
    )


def candidates(login: Login, listed: list[int]) -> list[int]:
    """The suites to try, strongest first; what the BMC does not list is tried only where it lists nothing of ours."""
    if login.cipher is not None:
        if login.cipher not in SUITES:
            raise SessionError(f"there is no cipher suite {login.cipher}", hint="Known are 0 to 19, or auto.")
        return [login.cipher]
    return [number for number in STRONGEST_FIRST if number in listed] or [17, 3]


def _open_with(login: Login, random: Random, suite: Suite) -> Steps[Lan20]:
    """A lost answer of RAKP starts again with new ids: a BMC that moved on would refuse the old ones."""
    for _ in range(ATTEMPTS):
        wrapping = yield from _attempt(login, random, suite)
        if wrapping is not None:
            return wrapping
    raise NoAnswer(f"the BMC stopped answering while the session was opened, {ATTEMPTS} times")


def _attempt(login: Login, random: Random, suite: Suite) -> Steps[Lan20 | None]:
    opened = yield from _open_session(login, random, suite)
    role = login.privilege | (NAME_ONLY if login.name_only else 0)
    console_random = random(16)
    tag = random(1)[0]
    rakp1 = Rakp1(
        tag=tag,
        bmc_id=opened.bmc_id,
        console_random=console_random,
        role=role,
        name_length=len(login.user_bytes),
        user_name=login.user_bytes,
    )
    fits = _Fits(tag, opened.console_id, login)
    raw = yield Say(lan20.RAKP1, lambda: (rakp1.encode(), fits), lan20.RAKP2, tries=2)
    if raw is None or Refusal.decode(raw).status in STALE:
        return None
    _accepted(raw, "RAKP 1", login)
    rakp2 = Rakp2.decode(raw)
    agreement = Agreement(
        suite,
        opened.console_id,
        opened.bmc_id,
        console_random,
        rakp2.bmc_random,
        rakp2.guid,
        role,
        login.user_bytes,
        login.password.reveal(),
        login.kg.reveal() if login.kg is not None else b"",
    )
    proved = same(agreement.rakp2_code(), rakp2.code)
    rakp3 = Rakp3(
        tag=tag,
        status=Status.NO_ERROR if proved else Status.INVALID_INTEGRITY_CHECK_VALUE,
        bmc_id=opened.bmc_id,
        code=agreement.rakp3_code() if proved else b"",
    )
    raw = yield Say(lan20.RAKP3, lambda: (rakp3.encode(), fits), lan20.RAKP4, tries=1)
    if not proved:
        raise SessionError(
            "the BMC's proof does not fit: it knows another password for this user",
            hint="Check user and password; a user may have one password for each BMC.",
        )
    if raw is None or Refusal.decode(raw).status in STALE:
        return None
    _accepted(raw, "RAKP 3", login)
    _check_rakp4(agreement, Rakp4.decode(raw), login)
    integrity, confidentiality = agreement.ciphers(random)
    return Lan20(
        local_id=opened.console_id,
        remote_id=opened.bmc_id,
        integrity=integrity,
        confidentiality=confidentiality,
        window=window20(),
    )


def _open_session(login: Login, random: Random, suite: Suite) -> Steps[OpenSessionResponse]:
    """Each try has a new tag and a new id, so that a late answer to an earlier one is not taken for this one's."""

    def make() -> tuple[bytes, "_Fits"]:
        tag, console_id = random(1)[0], int.from_bytes(random(4), "little") or 1
        request = OpenSessionRequest(
            tag=tag,
            privilege=login.privilege if "opensesspriv" in login.quirks else Privilege.HIGHEST,
            console_id=console_id,
            authentication=Proposal(kind=0, algorithm=suite.authentication).encode(),
            integrity=Proposal(kind=1, algorithm=suite.integrity).encode(),
            confidentiality=Proposal(kind=2, algorithm=suite.confidentiality).encode(),
        )
        return request.encode(), _Fits(tag, console_id, login)

    raw = yield Say(lan20.OPEN_REQUEST, make, lan20.OPEN_RESPONSE)
    if raw is None:
        raise NoAnswer(
            "the BMC answers, but not to Open Session",
            hint="It may speak only IPMI 1.5: try lan:// instead of lanplus://.",
        )
    _accepted(raw, "Open Session", login)
    return OpenSessionResponse.decode(raw)


class _Fits:
    """Whether an answer carries our tag (or none, where that is a known fault), and our session id where it is long
    enough to have one."""

    def __init__(self, tag: int, console_id: int, login: Login) -> None:
        self.tag, self.console_id = tag, console_id.to_bytes(4, "little")
        self.tag_zero = "tagzero" in login.quirks

    def __call__(self, payload: bytes) -> bool:
        if len(payload) < 2:
            return False
        if self.tag_zero and payload[0] == 0:
            return payload[4:8] == self.console_id
        return payload[0] == self.tag and payload[4:8] in (self.console_id, b"")


def _accepted(raw: bytes, message: str, login: Login) -> None:
    """Raise where the answer carries another status than 0."""
    status = Status(Refusal.decode(raw).status)
    if status in NO_SUITE:
        raise SuiteRefused(f"{status.words}, 0x{status:02X}")
    if status:
        who = f" for user {login.user!r} as {login.privilege.words}" if message != "Open Session" else ""
        raise SessionError(
            f"the BMC refused {message}{who}: {status.words} (RMCP+ status 0x{status:02X})", hint=HINTS.get(status, "")
        )


def _check_rakp4(agreement: Agreement, rakp4: Rakp4, login: Login) -> None:
    wanted = agreement.check_value()
    if same(wanted, rakp4.check_value[: len(wanted)]) and (len(rakp4.check_value) == len(wanted) or not wanted):
        return
    what = "K_g that was given" if login.kg is not None else "key of the BMC itself: none was given"
    raise SessionError(
        f"the BMC proved the password but made another session key; most likely it has another {what}",
        hint="Give the BMC's K_g (kg=…), or clear it in the BMC.",
    )
