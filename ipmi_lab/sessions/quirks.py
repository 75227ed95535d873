"""What some BMCs do wrong, as named options of a target; off unless asked for."""

QUIRKS = {
    "authcap": "does not trust the advertised authentication capabilities",
    "idzero": "accepts session id 0 in answers",
    "nochecksumcheck": "accepts answers with wrong checksums",
    "opensesspriv": "names the real privilege in Open Session, for BMCs that hash that one",
}
"""Those that work, each with what it does."""
