"""Where secrets are: references are followed when a target is opened, not before."""

import os
import stat
import sys
from pathlib import Path

from ipmi_lab.errors import LocalError
from ipmi_lab.secret import Secret

COMMAND_TIME = 30.0


def resolve(reference: str, *, allow_literal: bool = False, about: str = "") -> Secret:
    """The secret that a reference names; ``about`` says whose it is, for the error and the prompt.

    LocalError where it is not to be had, with what to do; a secret never stands in it.
    """
    kind, colon, rest = reference.partition(":")
    follow = KINDS.get(kind) if colon else None
    try:
        if follow is not None:
            return follow(rest, about)
    except LocalError as error:
        raise error.about(target=about) from None
    if allow_literal:
        return Secret(reference)
    raise LocalError(
        "its secret is no reference", target=about, hint=f"Write {', '.join(f'{name}:…' for name in KINDS)}."
    )


def _environment(name: str, about: str) -> Secret:
    value = os.environ.get(name)
    if value is None:
        raise LocalError(f"the environment variable {name} is not set", hint=f"Set it: export {name}=…")
    return Secret(value)


def _file(name: str, about: str) -> Secret:
    path = Path(name).expanduser()
    try:
        mode = path.stat().st_mode
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise LocalError(f"the file {path} can be read by others", hint=f"Run: chmod 600 {path}")
        return Secret(path.read_bytes().removesuffix(b"\n").removesuffix(b"\r"))
    except OSError as error:
        raise LocalError(f"the file {path} cannot be read: {error.strerror}", hint="Check its path.") from None


def _command(line: str, about: str) -> Secret:
    """Run without a shell; the first line that it prints is the secret."""
    import shlex
    import subprocess

    try:
        words = shlex.split(line)
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_TIME, check=False)
    except (OSError, ValueError, IndexError, subprocess.SubprocessError) as error:
        raise LocalError(f"the command {line!r} does not run: {error}") from None
    if done.returncode:
        raise LocalError(f"the command {line!r} ended with {done.returncode}", hint="Run it by hand and see.")
    return Secret(done.stdout.split(b"\n", 1)[0].removesuffix(b"\r"))


def _keyring(entry: str, about: str) -> Secret:
    try:
        import keyring
    except ImportError:
        raise LocalError("keyring is not installed", hint="Run: pip install 'ipmi-lab[keyring]'") from None
    service, _, user = entry.rpartition("/")
    value = keyring.get_password(service, user)
    if value is None:
        raise LocalError(f"the keyring has no entry {entry!r}", hint=f"Run: keyring set {service} {user}")
    return Secret(value)


def _prompt(text: str, about: str) -> Secret:
    if not sys.stdin.isatty():
        raise LocalError("its secret is to be asked for, and there is no terminal", hint="Use env: or file: instead.")
    import getpass

    return Secret(getpass.getpass(f"{text or 'Password'} for {about}: "))


KINDS = {"env": _environment, "file": _file, "cmd": _command, "keyring": _keyring, "prompt": _prompt}
"""The kinds of references."""
