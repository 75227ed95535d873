"""Our own client and BMC in the same shape as the peers, so that every test of sessions asks the same of them."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from ipmi_lab.device.device import Device
from ipmi_lab.errors import IpmiLabError
from ipmi_lab.lab.open import connect
from ipmi_lab.links.worlds import Blocking
from ipmi_lab.virtual.farm import Farm, Served
from ipmi_lab.virtual.profile import Profile, UserProfile
from tests.interop.peers import Answer, Asked, Client, Lan, LanPlus, Target, Way

PASSWORD = "test pass word!"
SHELF = "ipmi-lab virtual shelf"


def opened(target: Target, way: Way, *, level: str = "administrator", route: str = "", **how: Any) -> Device[Blocking]:
    """Our client, unopened, told to log in exactly this way."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    if isinstance(way, Lan):
        url, how = f"lan://{host}:{target.port}", {**how, "authentication": way.authentication}
    else:
        url, how = f"lanplus://{host}:{target.port}", {**how, "cipher": way.suite}
    kg = {"kg": target.kg} if target.kg else {}
    url += f"?bridge={route}" if route else ""
    return connect(url, user=target.user, password=target.password, privilege=level, **kg, **how)


class IpmiLab(Client):
    """Our client."""

    name = f"ipmi-lab {version('ipmi-lab')}"

    def ask(self, asked: Asked) -> Answer:
        how: dict[str, Any] = {"level": asked.level, "route": asked.route, "timeout": asked.patience / 2}
        try:
            with opened(asked.target, asked.way, **how) as ipmi:
                answer = ipmi.exchange(asked.request[0], asked.request[1], asked.request[2:])
        except IpmiLabError as error:
            return Answer(error.exit_code, "", str(error))
        return Answer(0, "", "", int(answer.completion), answer.data)


@dataclass
class VirtualBmc:
    """Our BMC, in a thread of the tests."""

    served: Served
    target: Target
    name: str = f"ipmi-lab {version('ipmi-lab')} virtual BMC"


def serve_only(farm: Farm, way: Way, **changes: Any) -> VirtualBmc:
    """A machine that takes this one way to log in: not every client can be told which to use."""
    if isinstance(way, LanPlus):
        return serve(farm, suites=[way.suite], **changes)
    return serve(farm, authentications=[way.authentication.replace("password", "straight")], **changes)


def serve(farm: Farm, *, address: str = "127.0.0.1", kg: str = "", **changes: Any) -> VirtualBmc:
    """A machine that takes every suite and authentication, weak ones too."""
    usual: dict[str, Any] = {
        "users": [UserProfile(user="admin"), UserProfile(user="viewer", privilege="user")],
        "suites": list(range(20)),
        "authentications": ["none", "md2", "md5", "straight"],
        "insecure": True,
    }
    passwords = {"admin": PASSWORD, "viewer": PASSWORD, **changes.pop("passwords", {})}
    served = farm.open(Profile(**usual | changes), host=address, passwords=passwords)
    served.bmc.users.key = kg.encode().ljust(20, b"\0") if kg else b""
    return VirtualBmc(served, Target(address, served.port, "admin", PASSWORD, kg.encode()))
