"""What some BMCs do wrong, as named options of a target; off unless asked for. A virtual BMC plays each fault under
the same name. The names are those of FreeIPMI and ipmitool where these know the fault."""

from collections.abc import Iterable

from ipmi_lab.errors import LocalError, did_you_mean

QUIRKS = {
    "authcap": "does not trust the advertised authentication capabilities",
    "consoleaddress": "sends messages through controllers from the console's address 0x81 instead of the BMC's 0x20",
    "endianseq": "reads the sequence numbers of IPMI 1.5 answers in the wrong byte order",
    "fewslots": "shares one session among all who use the target in this process, and waits for a free one",
    "forcepermsg": "signs every packet although the BMC said that it need not be",
    "idzero": "accepts session id 0 in IPMI 1.5 answers",
    "integritycheckvalue": "does not look at RAKP 4's check value in suites without integrity, such as 0",
    "intel20": "pads the user name, cuts the password for HMAC-MD5, checks RAKP 4 by the integrity algorithm",
    "noauthcodecheck": "accepts IPMI 1.5 answers with wrong authentication codes",
    "nochecksumcheck": "accepts answers with wrong checksums",
    "norqseq": "accepts the only answer that can be meant although it does not mirror the request number",
    "nosdulength": "takes IPMI 1.5 packets as long as they came, whatever their length field says",
    "notracking": "reads the answers of controllers out of the BMC's queue, since it does not bring them by itself",
    "opensesspriv": "names the real privilege in Open Session, for BMCs that hash that one",
    "silentreset": "takes an unanswered power cycle or reset as done where the power is on afterwards",
    "sun20": "opensesspriv, a code in RAKP 2 that is too long, and no trust in the list of cipher suites",
    "supermicro20": "accepts a code in RAKP 2 that is one byte too long",
    "tagzero": "accepts tag 0 in the answers that open a session",
    "unexpectedauth": "verifies signed answers although the BMC said that it would not sign",
}
"""All that are known, each with what it does."""

LESS_SAFE = {
    "noauthcodecheck": "whoever can send from the BMC's address can forge answers",
    "nochecksumcheck": "a damaged answer may be taken for a right one",
    "norqseq": "a late answer may be taken for that of the next command",
    "nosdulength": "a cut or padded answer may be taken for a right one",
}
"""Those that make answers less trustworthy, each with why: every report warns of them."""


def known_quirks(words: Iterable[str]) -> frozenset[str]:
    """The quirks of that name; LocalError for a word that is none."""
    found = frozenset(words)
    for word in sorted(found - set(QUIRKS)):
        raise LocalError(f"{word!r} is no quirk that we know", hint=did_you_mean(word, list(QUIRKS)))
    return found
