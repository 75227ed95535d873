"""Who logs in to a target and how: what a call gives, beats what the inventory says, beats the environment."""

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ipmi_lab.commands.channel import read_key
from ipmi_lab.commands.session import AuthenticationType
from ipmi_lab.errors import LocalError
from ipmi_lab.inventory.secrets import resolve
from ipmi_lab.inventory.target import Target
from ipmi_lab.secret import HasValue, Secret
from ipmi_lab.sessions.login import Login, Timing
from ipmi_lab.sessions.quirks import known_quirks
from ipmi_lab.wire.codes import Privilege

PASSWORD_VARIABLE, KEY_VARIABLE = "IPMI_LAB_PASSWORD", "IPMI_LAB_KG"
SecretLike = Secret | str | bytes | HasValue


def login_for(
    target: Target,
    password: Secret | None,
    *,
    user: str | None = None,
    kg: SecretLike | None = None,
    privilege: Privilege | str | int | None = None,
    cipher: int | str | None = None,
    authentication: str | None = None,
    name_only: bool | None = None,
    quirks: Iterable[str] = (),
) -> Login:
    """The login of a target; LocalError where what was given means nothing."""
    return Login(
        user=user if user is not None else target.user or "",
        password=password or Secret(b""),
        kg=_key(target, kg) if target.address.logs_in else None,
        privilege=_privilege(privilege, target.privilege),
        version=target.version,
        cipher=target.cipher if cipher is None else _cipher(cipher),
        authentication=_authentication(authentication or target.authentication),
        name_only=target.name_only if name_only is None else name_only,
        quirks=target.quirks | known_quirks(quirks) if quirks else target.quirks,
    )


def password_of(target: Target, given: SecretLike | None) -> Secret | None:
    """The password that a login takes, or None where nobody gave one."""
    found = _secret(target, given, target.password)
    if found is None and PASSWORD_VARIABLE in os.environ:
        return Secret(os.environ[PASSWORD_VARIABLE])
    return found


def timing_of(timing: Timing, **given: float | None) -> Timing:
    """A target's timing with what was given in its place."""
    changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    return replace(timing, **changes) if changes else timing


def _key(target: Target, given: SecretLike | None) -> Secret | None:
    found = given if given is not None else _secret(target, None, target.kg)
    if found is None and KEY_VARIABLE in os.environ:
        found = Secret(os.environ[KEY_VARIABLE])
    return None if found is None else read_key(found, "the BMC key K_g")


def _secret(target: Target, given: SecretLike | None, reference: str | None) -> Secret | None:
    if given is not None:
        return Secret(given)
    if reference is None:
        return None
    return resolve(reference, allow_literal=target.allow_literal, about=target.name)


def _privilege(given: Privilege | str | int | None, usual: Privilege) -> Privilege:
    if given is None:
        return usual
    return Privilege.from_words(given) if isinstance(given, str) else Privilege(given)


def _cipher(given: int | str) -> int | None:
    if given == "auto":
        return None
    try:
        return int(given)
    except ValueError:
        raise LocalError(f"{given!r} is no cipher suite", hint="Write a number from 0 to 19, or auto.") from None


def _authentication(given: str | None) -> int | None:
    if given is None or given == "auto":
        return None
    return AuthenticationType.from_words("straight" if given == "password" else given)
