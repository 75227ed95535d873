"""What both ends of an RMCP+ session compute of the six RAKP values. IPMI 2.0 §13.28, §13.31, §13.32."""

from dataclasses import dataclass, field

from ipmi_lab.sessions.crypto import (
    CHECK_VALUE_SIZES,
    Confidentiality,
    Integrity,
    Random,
    Suite,
    confidentiality,
    hash_of,
    integrity,
)

HMAC_MD5, MD5_128 = 2, 3
BY_INTEGRITY = {0: 0, 1: 1, 2: 2, MD5_128: 2, 4: 3}
"""Which hash the check value has where a BMC chooses it by the integrity algorithm; of MD5-128 nobody knows."""


@dataclass(slots=True)
class Agreement:
    """What RAKP 1 and 2 carried, and the keys that only the two ends know. Ids are as on the wire: 4 bytes.

    ``intel`` computes as the BMCs do that want the quirk intel20: ``user`` is padded to 16 bytes then. ``session_key``
    is SIK, from which all other keys come; keyed with K_g where the BMC has one.
    """

    suite: Suite
    console_id: int
    bmc_id: int
    console_random: bytes
    bmc_random: bytes
    guid: bytes
    role: int
    user: bytes
    password: bytes = field(repr=False)
    kg: bytes = field(default=b"", repr=False)
    intel: bool = False
    session_key: bytes = field(init=False, repr=False)
    _named: bytes = field(init=False)  # role, name length and name: the end of three of the hashes
    _user_key: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        kind = self.suite.authentication
        self._named = bytes((self.role, len(self.user))) + self.user
        self._user_key = self.password[:16] if self.intel and kind == HMAC_MD5 else self.password
        key = self.kg if self.kg.strip(b"\0") else self._user_key
        self.session_key = hash_of(kind, key, self.console_random + self.bmc_random + self._named)

    def rakp2_code(self) -> bytes:
        """The BMC's proof that it knows the user's password."""
        ids = _id(self.console_id) + _id(self.bmc_id)
        data = ids + self.console_random + self.bmc_random + self.guid + self._named
        return hash_of(self.suite.authentication, self._user_key, data)

    def rakp3_code(self) -> bytes:
        """The console's proof that it knows the user's password."""
        named = self._named
        if self.intel:
            user = self.user.rstrip(b"\0")
            named = bytes((self.role & 0x0F, len(user))) + user
        return hash_of(self.suite.authentication, self._user_key, self.bmc_random + _id(self.console_id) + named)

    def check_value(self) -> bytes:
        """RAKP 4's proof that the BMC made the same session key."""
        data = self.console_random + _id(self.bmc_id) + self.guid
        algorithm = BY_INTEGRITY[self.suite.integrity] if self.intel else self.suite.authentication
        return hash_of(algorithm, self.session_key, data)[: CHECK_VALUE_SIZES[algorithm]]

    def key(self, number: int) -> bytes:
        """K1 (integrity) or K2 (confidentiality); the constant has 20 bytes with every hash."""
        return hash_of(self.suite.authentication, self.session_key, bytes((number,)) * 20)

    def ciphers(self, random: Random) -> tuple[Integrity, Confidentiality | None]:
        """The signer and the cipher of one end of the session."""
        return (
            integrity(self.suite.integrity, self.key(1), self.password),
            confidentiality(self.suite.confidentiality, self.key(2), random),
        )


def _id(number: int) -> bytes:
    return number.to_bytes(4, "little")
