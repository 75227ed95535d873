"""Why a client and a server do not work together in some way, each with whose fault it is: who would have to change."""

from tests.interop.peers import Lan, LanPlus, Way

Why = tuple[str, str]
Case = tuple[str, Way, str, Why]
"""A client by the name of its fixture, a way, words that it says, and why."""

LANS = [*map(Lan, ("none", "password", "md2", "md5"))]
SUITES = [*map(LanPlus, range(20))]
RC4, SHA256 = (4, 5, 9, 10, 13, 14), (15, 16, 17, 18, 19)
HMAC_MD5, MD5_128 = (7, 8), (11, 12)
"""Numbers of suites: with RC4 (but not SHA-256), with SHA-256, with HMAC-MD5-128 and with MD5-128 (but not RC4)."""


def names(cases: list[Case] | list[tuple[str, Way, str]]) -> list[str]:
    """A case is known by its client and its way."""
    return [f"{client}-{way}" for client, way, *_ in cases]


def cases(client: str, suites: tuple[int, ...], words: str, why: Why) -> list[Case]:
    """One case for each of some suites."""
    return [(client, LanPlus(suite), words, why) for suite in suites]


# ---------------------------------------------------------------------- ipmitool

NO_MD2 = "Debian builds ipmitool without MD2.", "ipmitool"
NO_MD5_128 = "ipmitool aborts at the integrity algorithm MD5-128.", "ipmitool"
IPMITOOL_RC4 = "ipmitool opens the session and aborts at the first packet, since it knows no RC4.", "ipmitool"
IPMITOOL_LIST = "ipmitool's list of suites ends at 17.", "ipmitool"
IPMITOOL_INSIDE = "ipmitool peels one answer out of Send Message's, not two.", "ipmitool"
IPMITOOL_BEFORE = "ipmitool drops an answer that comes before Send Message's.", "ipmitool"
IPMITOOL_SERIAL = "ipmitool never logs in over a serial line, whatever user and password it is given.", "ipmitool"

# ---------------------------------------------------------------------- FreeIPMI

FREEIPMI_RC4 = "FreeIPMI takes no suite with RC4 (nor 18 and 19).", "FreeIPMI"
FREEIPMI_INSIDE = "FreeIPMI waits for a message of its own.", "FreeIPMI"
FREEIPMI_ONE_HOP = "FreeIPMI's options name one controller and one channel: one hop.", "FreeIPMI"
FREEIPMI_SERIAL = "FreeIPMI has no driver for a serial line.", "FreeIPMI"

# ---------------------------------------------------------------------- OpenIPMI

OPENIPMI_RC4 = "OpenIPMI has words for RC4, and no code.", "OpenIPMI"
OPENIPMI_SHA256 = "OpenIPMI has no SHA-256, nor a word for it.", "OpenIPMI"
OPENIPMI_SIGNS = "OpenIPMI signs by the session key where HMAC-MD5-128 wants K1.", "OpenIPMI"
OPENIPMI_CONSTANTS = "OpenIPMI derives K2 of HMAC-MD5 suites from a constant of 16 bytes, not 20.", "OpenIPMI"
OPENIPMI_ONE_HOP = "OpenIPMI's messages take one channel and one address: one hop.", "OpenIPMI"
OPENIPMI_SERIAL = "OpenIPMI has no connection over a serial line.", "OpenIPMI"

# ---------------------------------------------------------------------- pyghmi

PYGHMI_SUITES = "pyghmi proposes suite 17, then 3, and nobody can tell it another.", "pyghmi"
PYGHMI_MD5 = (
    "pyghmi takes 2.0 where a BMC has it; its login of 1.5 joins text to bytes, which Python refuses.",
    "pyghmi",
)
PYGHMI_15 = "pyghmi takes 2.0 where a BMC has it; of 1.5 it knows MD5 only.", "pyghmi"
PYGHMI_INSIDE = "pyghmi waits for a message of its own.", "pyghmi"
PYGHMI_ONE_HOP = "pyghmi's bridge_request is one address and one channel: one hop.", "pyghmi"
PYGHMI_LOCAL = "pyghmi's session with the machine's own BMC leaves bridge_request out: the BMC answers.", "pyghmi"
PYGHMI_SERIAL = "pyghmi takes the path of a serial line for a host.", "pyghmi"

# ---------------------------------------------------------------------- python-ipmi

PYTHON_IPMI_MD2 = "python-ipmi knows no MD2.", "python-ipmi"
PYTHON_IPMI_SUITES = "python-ipmi takes the suites 1, 2, 3, 15, 16 and 17.", "python-ipmi"
PYTHON_IPMI_CONSTANTS = (
    "python-ipmi derives K1 and K2 of SHA-256 suites from constants of 32 bytes, not 20.",
    "python-ipmi",
)
PYTHON_IPMI_IPV6 = "python-ipmi opens a socket of IPv4 whatever the address.", "python-ipmi"
PYTHON_IPMI_SERIAL = "python-ipmi has no interface for a serial line.", "python-ipmi"

# ---------------------------------------------------------------------- servers

SHORT_CONSTANTS = "ipmi_sim derives K1 and K2 of HMAC-MD5 suites from constants of 16 bytes, not 20.", "ipmi_sim"
NO_SHA256 = "ipmi_sim has no SHA-256.", "ipmi_sim"
NO_RC4 = "ipmi_sim lists suites with RC4, and refuses them (status 10h).", "ipmi_sim"
SERVER_20 = (
    "pyghmi's server speaks 2.0 only, and does not answer who asks for the capabilities of 1.5.",
    "pyghmi's server",
)
SERVER_SUITE_3 = "pyghmi's server answers every proposal by suite 3.", "pyghmi's server"
SERVER_PROPOSAL = (
    "pyghmi's server answers a proposal of suite 17 by suite 3, which pyghmi's client does not notice.",
    "both",
)
SERVER_OPENIPMI = "pyghmi's server answers every proposal by suite 3, with which OpenIPMI goes on.", "both"
SERVER_PING = "pyghmi's server answers no ping, and python-ipmi asks for nothing else before one.", "both"
SERVER_KEY = "pyghmi's server does not announce its K_g in the authentication capabilities.", "pyghmi's server"
EMULATOR_15 = "python-ipmi's emulator speaks 1.5 only.", "python-ipmi's emulator"
EMULATOR_STRAIGHT = "python-ipmi's emulator has no type but the straight password.", "python-ipmi's emulator"
EMULATOR_USERS = (
    "python-ipmi's emulator announces the anonymous login alone, so FreeIPMI gives no user name away.",
    "python-ipmi's emulator",
)
EMULATOR_ANSWERS = (
    "python-ipmi's emulator answers with the network function of a request, and numbers packets outside a session: "
    "a client that looks at these takes them for no answers.",
    "python-ipmi's emulator",
)
EMULATOR_PONG = (
    "python-ipmi's emulator says 0 for the length of its pong, and python-ipmi asks for nothing else before one.",
    "python-ipmi's emulator",
)
SIM_BASIC = "ipmi_sim acknowledges a frame of basic mode (codec Direct) and answers none.", "ipmi_sim"
SIM_TERMINAL = "ipmi_sim takes a line of terminal mode (codec TerminalMode) and answers none.", "ipmi_sim"
