"""What some BMCs do wrong, as named options of a target; off unless asked for."""

QUIRKS = {
    "authcap": "does not trust the advertised authentication capabilities",
    "endianseq": "reads the sequence numbers of IPMI 1.5 answers in the wrong byte order",
    "forcepermsg": "signs every packet although the BMC said that it need not be",
    "idzero": "accepts session id 0 in answers",
    "noauthcodecheck": "accepts IPMI 1.5 answers with wrong authentication codes",
    "nochecksumcheck": "accepts answers with wrong checksums",
    "opensesspriv": "names the real privilege in Open Session, for BMCs that hash that one",
    "tagzero": "accepts tag 0 in the answers that open a session",
    "unexpectedauth": "verifies signed answers although the BMC said that it would not sign",
}
"""Those that work, each with what it does."""

PLAYED = ("endianseq", "forcepermsg", "noauthcodecheck", "tagzero", "unexpectedauth")
"""Those that a virtual BMC can have, under the same names."""
