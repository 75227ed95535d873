"""The URL of a target: ``lanplus://admin@10.0.0.7``, ``serial:///dev/ttyS1?mode=terminal``, ``open:///dev/ipmi0``."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from ipmi_lab.errors import LocalError, did_you_mean

SCHEMES = {
    "lanplus": "IPMI 2.0 (RMCP+) over UDP",
    "lan": "IPMI 1.5 over UDP",
    "auto": "over UDP, IPMI 2.0 where the BMC speaks it, else 1.5",
    "open": "the BMC of this machine, through Linux's IPMI driver (/dev/ipmi0)",
    "serial": "over a serial device of this machine",
    "socket": "over a serial line behind a console server, raw TCP",
    "rfc2217": "over a serial line behind a console server that speaks RFC 2217",
    "virtual": "a virtual BMC, started for this target on a free port",
}
"""The known schemes, and what each means."""

NETWORK = ("lanplus", "lan", "auto")
"""Those that go over UDP."""

LINES = ("serial", "socket", "rfc2217")
LINE_OPTIONS = ("mode", "baud", "login", "authentication", "careful", "privilege", "bridge")
OPTIONS = {
    "lanplus": ("cipher", "privilege", "name_only", "quirks", "bridge"),
    "lan": ("authentication", "privilege", "quirks", "bridge"),
    "auto": ("cipher", "authentication", "privilege", "name_only", "quirks", "bridge"),
    "open": ("bridge",),
    **dict.fromkeys(LINES, LINE_OPTIONS),
    "virtual": ("way", "number", "bridge"),
}
WITHOUT_LOGIN = {"open"}
WITHOUT_HOST = {"open", "virtual"}
CHOICES = {
    "mode": ("basic", "terminal"),
    "login": ("none", "challenge", "text"),
    "careful": ("auto", "yes", "no"),
    "way": ("lan", "serial-basic", "serial-terminal"),
}
"""The options that take one of a few words."""

PORT = 623
MOST_HOPS = 4


@dataclass(frozen=True, slots=True)
class Address:
    """A target's URL, taken apart. ``host`` is the profile of a virtual target and the path of a device, empty for the
    usual one."""

    scheme: str
    host: str
    port: int = PORT
    user: str | None = None
    options: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Address":
        """The address in a URL; LocalError says what is wrong with it and what to write."""
        try:
            return cls._parse(text.strip())
        except ValueError as error:  # LocalError too; urlsplit finds faults of its own
            message = error.message if isinstance(error, LocalError) else str(error)
            hint = error.hint if isinstance(error, LocalError) else "Write lanplus://admin@10.0.0.7:623."
            raise LocalError(f"{_hidden(text)!r} is no address: {message}", hint=hint) from None

    @classmethod
    def _parse(cls, text: str) -> "Address":
        scheme, colon, rest = text.partition(":")
        if not colon or scheme not in SCHEMES:
            raise LocalError(
                f"{scheme!r} is no scheme" if colon else "it has no scheme",
                hint=f"{did_you_mean(scheme, list(SCHEMES))} Write lanplus://admin@10.0.0.7 or virtual:rack-server.",
            )
        if scheme == "virtual":
            profile, _, query = rest.partition("?")
            if not profile or rest.startswith("//"):
                raise LocalError("no profile is named", hint="Write virtual:rack-server.")
            return cls(scheme, profile, port=0, options=_options(scheme, query))
        parts = urlsplit(text)
        if scheme == "open":
            return cls._of_device(scheme, parts, rest)
        if parts.password is not None:
            raise LocalError(
                "a password stands in it, where everybody can read it",
                hint="Give it as password=, by IPMI_LAB_PASSWORD, or in the inventory as a reference.",
            )
        options = _options(scheme, parts.query)
        user = unquote(parts.username) if parts.username is not None else None
        if scheme == "serial":
            if parts.hostname or parts.fragment or len(parts.path) < 2:
                raise LocalError("no device is named", hint="Write serial:///dev/ttyS1?mode=basic, with three strokes.")
            return cls(scheme, unquote(parts.path), 0, user, options)
        written = parts.netloc.rpartition("@")[2]
        if written.count(":") > 1 and "[" not in written:
            raise LocalError(
                "an IPv6 address stands in brackets", hint=f"Write {scheme}://[{written}]; a port stands behind them."
            )
        if not parts.hostname:
            raise LocalError("no host is named", hint=f"Write {scheme}://10.0.0.7.")
        if parts.path not in ("", "/") or parts.fragment:
            raise LocalError(f"{parts.path + parts.fragment!r} behind the host means nothing here")
        try:
            port = parts.port
        except ValueError:
            raise LocalError("the port is not a number from 1 to 65535") from None
        if port == 0:
            raise LocalError("the port 0 cannot be reached")
        if port is None and scheme in LINES:
            raise LocalError("no port is named", hint=f"Write {scheme}://{_host(parts.netloc)}:7001?mode=basic.")
        return cls(scheme, _host(parts.netloc), port or PORT, user, options)

    @classmethod
    def _of_device(cls, scheme: str, parts: SplitResult, rest: str) -> "Address":
        if parts.netloc or parts.fragment or not rest.startswith("//"):
            raise LocalError(
                "it names no device of this machine, where nobody logs in",
                hint=f"Write {scheme}:///dev/ipmi0, with three strokes, or {scheme}:// for the usual device.",
            )
        path = unquote(parts.path)
        return cls(scheme, "" if path == "/" else path, port=0, options=_options(scheme, parts.query))

    @property
    def logs_in(self) -> bool:
        """Whether somebody logs in there, so that user and password mean something."""
        return self.scheme not in WITHOUT_LOGIN

    def option(self, name: str) -> str | None:
        """The value of an option, or None."""
        return dict(self.options).get(name)

    def __str__(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.options)
        if self.scheme == "virtual":
            return f"virtual:{self.host}{'?' if query else ''}{query}"
        if self.scheme in WITHOUT_HOST:
            return f"{self.scheme}://{quote(self.host)}{'?' if query else ''}{query}"
        user = f"{self.user}@" if self.user else ""
        if self.scheme == "serial":
            return f"serial://{user}{quote(self.host)}{'?' if query else ''}{query}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORT and self.scheme not in LINES else f":{self.port}"
        return f"{self.scheme}://{user}{host}{port}{'?' if query else ''}{query}"


def is_url(text: str) -> bool:
    """Whether a text is meant as the URL of a target, be it a good one or not."""
    return re.match(r"[\w+.-]+://", text) is not None or (":" in text and text.partition(":")[0] in SCHEMES)


def _options(scheme: str, query: str) -> tuple[tuple[str, str], ...]:
    options = tuple(parse_qsl(query, keep_blank_values=True, strict_parsing=True)) if query else ()
    for name, value in options:
        if name not in OPTIONS[scheme]:
            raise LocalError(f"{name!r} is no option of {scheme}", hint=did_you_mean(name, list(OPTIONS[scheme])))
        if value not in CHOICES.get(name, (value,)):
            raise LocalError(f"{name}={value} means nothing", hint=f"Write {name}={' or '.join(CHOICES[name])}.")
    if scheme in LINES:
        given = dict(options)
        if "mode" not in given:
            raise LocalError("no mode of the line is named", hint="Write ?mode=basic or ?mode=terminal behind it.")
        if not given.get("baud", "1").isdecimal() or not 1 <= int(given.get("baud", "1")) <= 4_000_000:
            raise LocalError(f"baud={given['baud']} is no speed", hint="Write baud=115200.")
        if given.get("login") == "text" and given["mode"] != "terminal":
            raise LocalError("login=text is a matter of terminal mode", hint="Write login=challenge.")
    return options


def parse_route(text: str) -> tuple[tuple[int, int], ...]:
    """The hops of ``0x82@0,0x76@7``, each an address and a channel; LocalError where one is none."""
    hops = []
    for word in text.split(","):
        found = re.fullmatch(r"\s*(0x[0-9a-fA-F]{1,2}|\d{1,3})@(\d{1,2})\s*", word)
        address, channel = (int(found[1], 0), int(found[2])) if found else (0, 99)
        if not 0 < address <= 0xFE or address & 1 or channel > 0x0F:
            raise LocalError(
                f"{word.strip()!r} is no hop", hint="Write ADDRESS@CHANNEL, such as 0x82@0, the address even."
            )
        hops.append((address, channel))
    if len(hops) > MOST_HOPS:
        raise LocalError(f"a route of {len(hops)} hops is too long", hint=f"At most {MOST_HOPS} are.")
    return tuple(hops)


def _host(netloc: str) -> str:
    """The host as it was written; ``urlsplit`` would fold the case of an IPv6 zone. Its percent sign may be written as
    in a URL (RFC 6874) or plainly."""
    host = netloc.rpartition("@")[2]
    if host.startswith("["):
        return re.sub(r"%(?:25)+(?!$)", "%", host[1:].partition("]")[0], count=1)
    return host.partition(":")[0]


def _hidden(text: str) -> str:
    """The URL without a password that somebody wrote into it."""
    return re.sub(r"(//[^/@:]*:)[^@]*@", r"\1****@", text)
