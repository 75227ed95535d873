"""What a command is: a request that knows its numbers, its answer and what it takes to send it."""

import re
import typing
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Literal, TypeVar

from ipmi_lab.errors import CompletionError
from ipmi_lab.secret import Secret
from ipmi_lab.wire.codes import CompletionCode, NetFn, OpenEnum
from ipmi_lab.wire.message import Layout

Permission = Literal["", "write", "power", "reset", "firmware", "raw"]
PERMISSIONS: tuple[Permission, ...] = ("write", "power", "reset", "firmware", "raw")


class Response(Layout):
    """The data of an answer, behind its completion code."""


class Done(Response):
    """An answer that says no more than that it was done."""


class CommandCode(OpenEnum):
    """Completion codes 0x80 to 0xBE, which mean something else for each command."""


class NoCodes(CommandCode):
    """For the commands that define no codes of their own."""


R = TypeVar("R")


class Request(Layout, Generic[R]):
    """A command as it is asked.

    ``needs`` is the one permission that it takes ("" for a read), ``repeat`` whether it may be sent twice when its
    answer is lost, ``once`` whether it is never sent again, not even as the same datagram, since a look settles what
    came of it, ``sessionless`` whether a BMC answers it outside a session, ``least_privilege`` (written as
    ``privilege=``) the least level that it takes (IPMI 2.0 appendix G; 0 = any), ``codes`` the completion codes that
    it alone defines; ``alias`` is another name that people know it by.
    """

    netfn: ClassVar[int]
    command: ClassVar[int]
    prefix: ClassVar[bytes] = b""
    needs: ClassVar[Permission] = ""
    repeat: ClassVar[bool] = True
    once: ClassVar[bool] = False
    sessionless: ClassVar[bool] = False
    least_privilege: ClassVar[int] = 0x02
    codes: ClassVar[type[CommandCode]] = NoCodes
    response: ClassVar[type[Response]]
    lun: ClassVar[int] = 0
    varies: ClassVar[bool] = False
    """Whether permission, repetition or secrecy are not the same for all requests of the command."""
    plain: ClassVar[bool] = False
    """A read without secrets that may be sent twice: it takes no permission, and nothing needs to be settled before."""

    def __init_subclass__(
        cls,
        netfn: NetFn | int | None = None,
        command: int | None = None,
        *,
        needs: Permission = "",
        repeat: bool | None = None,
        once: bool = False,
        sessionless: bool = False,
        privilege: int = 0x02,
        codes: type[CommandCode] = NoCodes,
        group: int | None = None,
        maker: int | None = None,
        alias: str = "",
        **rest: Any,
    ) -> None:
        super().__init_subclass__(**rest)
        rules = ("permission", "repeatable", "secret")
        cls.varies = any(getattr(cls, rule) is not getattr(Request, rule) for rule in rules)
        if netfn is None or command is None:
            cls.plain = cls.plain and not cls.varies
            return
        cls.netfn, cls.command, cls.needs, cls.sessionless = int(netfn), command, needs, sessionless
        cls.repeat, cls.once = not needs if repeat is None else repeat, once
        cls.least_privilege, cls.codes = privilege, codes
        cls.plain = not (cls.varies or cls.needs or cls.once) and cls.repeat
        cls.response = next(typing.get_args(base)[0] for base in cls.__orig_bases__ if typing.get_args(base))  # type: ignore[attr-defined]  # typing sets it
        if group is not None:
            cls.prefix = bytes((group,))
        elif maker is not None:
            cls.prefix = maker.to_bytes(3, "little")
        for name in filter(None, (cls.__name__, alias)):
            BY_NAME[name.lower()] = cls
        BY_NUMBER[cls.netfn, command, cls.prefix] = cls
        RAW_READS.clear()

    def encode(self) -> bytes:
        """The request's data, behind network function and command."""
        return self.prefix + (self._plan or self.plan()).write(self.__dict__)

    def permission(self) -> Permission:
        """What this very request needs; some commands read or write by what they carry."""
        return self.needs

    def repeatable(self) -> bool:
        """Whether this very request may be sent twice when its answer is lost."""
        return self.repeat

    def secret(self) -> bool:
        """Whether this very request, or its answer, carries a password or a key."""
        return False

    @classmethod
    def hidden(cls, given: Mapping[str, Any]) -> set[str]:
        """Which of the fields that are given for such a request carry a password or a key."""
        fields = cls.plan().public
        return {name for name in given if name in fields and fields[name].type is Secret}

    def __repr__(self) -> str:
        """Bytes that carry a secret are only counted: a traceback may show a request among its locals."""
        if not self.secret():
            return super().__repr__()
        shown = {key: f"<{len(it)} bytes>" if isinstance(it, bytes) else repr(it) for key, it in self.__dict__.items()}
        return f"{type(self).__name__}({', '.join(f'{name}={value}' for name, value in shown.items())})"

    @classmethod
    def answer(cls, code: int, data: bytes) -> R:
        """The typed answer; CompletionError where the BMC said no."""
        if code:
            raise CompletionError(code, meaning(cls, code), request=cls.label(), data=data)
        if cls.prefix:
            data = data[len(cls.prefix) :]
        return cls.response.decode(data)  # type: ignore[return-value]  # R says which response it is

    @classmethod
    def label(cls) -> str:
        """``Get Device Id (0x06 0x01)``."""
        return f"{title(cls.__name__)} (0x{cls.netfn:02X} 0x{cls.command:02X})"


BY_NAME: dict[str, type[Request[Any]]] = {}
BY_NUMBER: dict[tuple[int, int, bytes], type[Request[Any]]] = {}
RAW_READS: dict[tuple[int, int], Request[bytes]] = {}
"""Requests by number that may be used again, until a command is declared that may say something else of theirs."""


def title(name: str) -> str:
    """``GetDeviceId`` as words: ``Get Device Id``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)


def meaning(command: type[Request[Any]] | None, code: int) -> str:
    """What a completion code says, in words, of this command."""
    if command is not None and code in command.codes._value2member_map_:
        return command.codes(code).words
    if code in CompletionCode._value2member_map_:
        return CompletionCode(code).words
    if 0x80 <= code <= 0xBE:
        return "a code of this command that is not in our table"
    return "a code of its maker" if 0x01 <= code <= 0x7E else "a reserved code"
