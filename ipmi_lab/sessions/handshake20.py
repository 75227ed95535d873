"""How an RMCP+ session is opened: Open Session, then RAKP 1 to 4. IPMI 2.0 §13.15 to §13.24."""

from functools import cache

from ipmi_lab.commands.channel import GetChannelCipherSuites, cipher_suites
from ipmi_lab.errors import NoAnswer, NoSlot, RemoteError, SessionError
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
    proposal,
)
from ipmi_lab.secret import same
from ipmi_lab.sessions.crypto import STRONGEST_FIRST, SUITES, Random, Suite
from ipmi_lab.sessions.keys import MD5_128, Agreement
from ipmi_lab.sessions.login import Login
from ipmi_lab.sessions.steps import Ask, Say, Steps, patiently
from ipmi_lab.sessions.window import window20
from ipmi_lab.sessions.wrapping import Lan20
from ipmi_lab.wire.codes import Privilege

ATTEMPTS = 10
THIS_CHANNEL = 0x0E
MOST_BLOCKS = 64
NAME_ONLY = 0x10
USUAL = (17, 3)
OPENS_WITH_PRIVILEGE = {"opensesspriv", "intel20", "sun20"}
NO_SUITE = {
    Status.INVALID_AUTHENTICATION_ALGORITHM,
    Status.INVALID_INTEGRITY_ALGORITHM,
    Status.NO_MATCHING_AUTHENTICATION_PAYLOAD,
    Status.NO_MATCHING_INTEGRITY_PAYLOAD,
    Status.INVALID_CONFIDENTIALITY_ALGORITHM,
    Status.NO_CIPHER_SUITE_MATCHES_PROPOSAL,
}
REFUSES_ANYTHING = NO_SUITE | {Status.ILLEGAL_OR_UNRECOGNIZED_PARAMETER, Status.UNAUTHORIZED_ROLE_OR_PRIVILEGE}
"""With what BMCs refuse a suite that is disabled."""
KNOWN_STATUS, MAKERS = set(Status), 0xC0
NO_SLOT = {Status.NO_RESOURCES_FOR_SESSION, Status.NO_RESOURCES_AT_REQUESTED_ROLE}
STALE = {Status.INVALID_SESSION_ID, Status.INACTIVE_SESSION_ID}
HINTS = {
    Status.NO_RESOURCES_FOR_SESSION: "All session slots of the BMC are taken: close other sessions, or wait for them "
    "to time out after about a minute (wait_for_slot=…).",
    Status.UNAUTHORIZED_NAME: "Check the user name, and that the user is enabled for this channel and privilege.",
    Status.UNAUTHORIZED_ROLE_OR_PRIVILEGE: "Ask for a lower privilege, or raise the user's limit on this channel.",
    Status.INVALID_ROLE: "Ask for another privilege, and check that user and channel are enabled.",
    Status.NO_RESOURCES_AT_REQUESTED_ROLE: "All session slots of this privilege are taken: wait "
    "(wait_for_slot=…), or ask for a lower privilege.",
    Status.INVALID_INTEGRITY_CHECK_VALUE: "Check the password.",
}
WRONG_PROOF = (
    "Check user and password; a user may have one password for each BMC. Where both are right, the BMC may need one of "
    "the quirks opensesspriv, intel20, sun20."
)


class SuiteRefused(Exception):
    """The BMC takes other algorithms; the next suite may fit."""

    def __init__(self, how: str, hint: str = "") -> None:
        super().__init__(how)
        self.hint = hint


def open20(login: Login, random: Random, listed: list[int]) -> Steps[tuple[Lan20, str]]:
    """Open a session with the first suite that the BMC takes; ``listed`` are the suites that it told of."""
    refusals: dict[int, SuiteRefused] = {}
    for number in candidates(login, listed):
        try:
            wrapping = yield from _open_with(login, random, SUITES[number])
        except SuiteRefused as refusal:
            refusals[number] = refusal
        else:
            return wrapping, _how(number)
    if login.cipher is not None:  # nobody asked yet
        listed = yield from ask_suites()
    offered = f"it lists {', '.join(map(str, listed))}" if listed else "it lists none"
    tried = ", ".join(f"{number} ({refusal})" for number, refusal in refusals.items())
    hints = {refusal.hint for refusal in refusals.values()}
    raise SessionError(
        f"the BMC takes none of the cipher suites that were tried: {tried}; {offered}",
        hint=" ".join(filter(None, hints)) or "Ask for one that it lists (cipher=…), or enable one in the BMC.",
    )


@cache
def _how(number: int) -> str:
    return f"IPMI 2.0, cipher suite {number} ({SUITES[number]})"


def ask_suites() -> Steps[list[int]]:
    """The numbers of the cipher suites that the BMC lists, or nothing where it does not say."""
    data = b""
    for index in range(MOST_BLOCKS):
        answer = yield Ask(GetChannelCipherSuites(channel=THIS_CHANNEL, index=index))
        if answer is None or answer.code:
            break
        block = answer.data[1:]
        data += block
        if len(block) < 16:
            break
    try:
        return [suite.number for suite in cipher_suites(data) if suite.maker is None]
    except RemoteError:
        return []  # a garbled list: 17 and 3 are tried, which nearly every BMC has


def candidates(login: Login, listed: list[int]) -> list[int]:
    """The suites to try: what the BMC lists, strongest first, then those that nearly every BMC has; never 0."""
    if login.cipher is not None:
        if login.cipher not in SUITES:
            raise SessionError(f"there is no cipher suite {login.cipher}", hint="Known are 0 to 19, or auto.")
        if "intel20" in login.quirks and SUITES[login.cipher].integrity == MD5_128:
            raise SessionError(
                f"what the quirk intel20 means for cipher suite {login.cipher} is not known", hint="Ask for another."
            )
        return [login.cipher]
    listed_strongest_first = [number for number in STRONGEST_FIRST if number in listed]
    return [*listed_strongest_first, *(number for number in USUAL if number not in listed)]


def _open_with(login: Login, random: Random, suite: Suite) -> Steps[Lan20]:
    """A lost answer of RAKP starts again with new ids: a BMC that moved on would refuse the old ones."""
    unanswered = set()
    for _ in range(ATTEMPTS):
        found = yield from _attempt(login, random, suite)
        if isinstance(found, Lan20):
            return found
        unanswered.add(found)
    raise NoAnswer(
        f"the BMC answers Open Session, and then not {' or '.join(sorted(unanswered))}, {ATTEMPTS} times",
        hint="Many BMCs are silent for a while after wrong logins (a lock-out): check user and password, and wait.",
    )


def _attempt(login: Login, random: Random, suite: Suite) -> Steps[Lan20 | str]:
    """The open session, or the message that stayed without an answer of use."""
    opened = yield from _open_session(login, random, suite)
    role = login.privilege | (NAME_ONLY if login.name_only else 0)
    intel = "intel20" in login.quirks
    user = login.user_bytes.ljust(16, b"\0") if intel else login.user_bytes
    console_random = random(16)
    tag = random(1)[0]
    rakp1 = Rakp1(
        tag=tag,
        bmc_id=opened.bmc_id,
        console_random=console_random,
        role=role,
        name_length=len(user),
        user_name=user,
    )
    fits = _Fits(tag, opened.console_id, login)
    raw = yield Say(lan20.RAKP1, lambda: (rakp1.encode(), fits), lan20.RAKP2, tries=2)
    if raw is None or (status := Refusal.decode(raw).status) in STALE:
        return "RAKP 1"
    _accepted(status, "RAKP 1", login)
    rakp2 = Rakp2.decode(raw)
    agreement = Agreement(
        suite,
        opened.console_id,
        opened.bmc_id,
        console_random,
        rakp2.bmc_random,
        rakp2.guid,
        role,
        user,
        login.password.reveal(),
        login.kg.reveal() if login.kg is not None else b"",
        intel,
    )
    proved = _proves(agreement, rakp2, login)
    rakp3 = Rakp3(
        tag=tag,
        status=Status.NO_ERROR if proved else Status.INVALID_INTEGRITY_CHECK_VALUE,
        bmc_id=opened.bmc_id,
        code=agreement.rakp3_code() if proved else b"",
    )
    raw = yield Say(lan20.RAKP3, lambda: (rakp3.encode(), fits), lan20.RAKP4, tries=1)
    if not proved:
        raise SessionError("the BMC's proof does not fit: it knows another password for this user", hint=WRONG_PROOF)
    if raw is None or (status := Refusal.decode(raw).status) in STALE:
        return "RAKP 3"
    _accepted(status, "RAKP 3", login)
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
            privilege=login.privilege if login.quirks & OPENS_WITH_PRIVILEGE else Privilege.HIGHEST,
            console_id=console_id,
            authentication=proposal(0, suite.authentication),
            integrity=proposal(1, suite.integrity),
            confidentiality=proposal(2, suite.confidentiality),
        )
        return request.encode(), _Fits(tag, console_id, login)

    raw = yield from patiently(Say(lan20.OPEN_REQUEST, make, lan20.OPEN_RESPONSE))
    if raw is None:
        raise NoAnswer(
            "the BMC answers, but not to Open Session",
            hint="It may speak only IPMI 1.5: try lan:// instead of lanplus://.",
        )
    _accepted(Refusal.decode(raw).status, "Open Session", login, REFUSES_ANYTHING if login.cipher is None else NO_SUITE)
    opened = OpenSessionResponse.decode(raw)
    _check_suite(opened, suite)
    return opened


def _check_suite(opened: OpenSessionResponse, asked: Suite) -> None:
    """SuiteRefused where the BMC agrees and names other algorithms: the two ends would make different keys."""
    taken = opened.authentication, opened.integrity, opened.confidentiality
    if taken != tuple(map(proposal, range(3), asked)):  # else nothing can differ, and nearly always so
        suite = Suite(*(Proposal.decode(each).algorithm for each in taken))
        if suite != asked:
            number = next((number for number, known in SUITES.items() if known == suite), None)
            hint = "" if number is None else f"Ask for the one that it takes in its place: cipher={number}."
            raise SuiteRefused(f"it agreed, but to {suite}", hint)


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


def _accepted(status: Status, message: str, login: Login, refuses_suite: set[Status] = NO_SUITE) -> None:
    """Raise where the answer carries another status than 0."""
    if not status:
        return
    if status in refuses_suite:
        raise SuiteRefused(f"{status.words}, 0x{status:02X}", HINTS.get(status, ""))
    who = f" for user {login.user!r} as {login.privilege.words}" if message != "Open Session" else ""
    unknown = "for a reason of its maker's own" if status >= MAKERS else "for an unknown reason"
    words = status.words if status in KNOWN_STATUS else unknown
    raise (NoSlot if status in NO_SLOT else SessionError)(
        f"the BMC refused {message}{who}: {words} (RMCP+ status 0x{status:02X})",
        hint=HINTS.get(status, ""),
    )


def _proves(agreement: Agreement, rakp2: Rakp2, login: Login) -> bool:
    """Whether the BMC knows the password; some send a byte too much behind its code."""
    wanted = agreement.rakp2_code()
    if same(wanted, rakp2.code):
        return True
    if len(rakp2.code) != len(wanted) + 1 or not same(wanted, rakp2.code[:-1]):
        return False
    if "supermicro20" in login.quirks or ("sun20" in login.quirks and agreement.suite.authentication == 1):
        return True
    raise SessionError("the BMC's proof is one byte too long", hint="Say the quirk supermicro20 or sun20.")


def _check_rakp4(agreement: Agreement, rakp4: Rakp4, login: Login) -> None:
    wanted = agreement.check_value()
    if same(wanted, rakp4.check_value) or ("integritycheckvalue" in login.quirks and not agreement.suite.integrity):
        return
    if not agreement.suite.authentication:
        raise SessionError(
            "the BMC sent a check value although the cipher suite has none", hint="Say the quirk integritycheckvalue."
        )
    if login.kg is not None:
        raise SessionError(
            "the BMC proved the password but made another session key: the K_g that was given is not the BMC's",
            hint="Give the BMC's K_g (kg=…), as text or as 0x and hex digits.",
        )
    raise SessionError(
        "the BMC proved the password but made another session key: most likely it has a K_g, and none was given",
        hint="Give the BMC's K_g (kg=…), or clear it in the BMC.",
    )
