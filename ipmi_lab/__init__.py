"""ipmi-lab: the IPMI test harness for hardware labs.

import ipmi_lab

with ipmi_lab.connect("lanplus://admin@10.0.0.7", password="…") as ipmi:
    print(ipmi.get_device_id().firmware)
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ipmi_lab.errors import (
        CompletionError as CompletionError,
    )
    from ipmi_lab.errors import (
        InventoryError as InventoryError,
    )
    from ipmi_lab.errors import (
        IpmiLabError as IpmiLabError,
    )
    from ipmi_lab.errors import (
        LocalError as LocalError,
    )
    from ipmi_lab.errors import (
        NoAnswer as NoAnswer,
    )
    from ipmi_lab.errors import (
        NoSlot as NoSlot,
    )
    from ipmi_lab.errors import (
        NotAllowed as NotAllowed,
    )
    from ipmi_lab.errors import (
        NotSent as NotSent,
    )
    from ipmi_lab.errors import (
        OutcomeUnknown as OutcomeUnknown,
    )
    from ipmi_lab.errors import (
        RemoteError as RemoteError,
    )
    from ipmi_lab.errors import (
        SessionError as SessionError,
    )
    from ipmi_lab.lab.open import Lab as Lab
    from ipmi_lab.lab.open import connect as connect
    from ipmi_lab.secret import Secret as Secret
    from ipmi_lab.wire.codes import CompletionCode as CompletionCode

_HOMES = {
    "connect": "ipmi_lab.lab.open",
    "Lab": "ipmi_lab.lab.open",
    "Secret": "ipmi_lab.secret",
    "CompletionCode": "ipmi_lab.wire.codes",
    **dict.fromkeys(
        (
            "CompletionError",
            "InventoryError",
            "IpmiLabError",
            "LocalError",
            "NoAnswer",
            "NoSlot",
            "NotAllowed",
            "NotSent",
            "OutcomeUnknown",
            "RemoteError",
            "SessionError",
        ),
        "ipmi_lab.errors",
    ),
}


def __getattr__(name: str) -> Any:
    """Bring a name only when it is asked for first: importing the root imports nothing else."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    found = globals()[name] = getattr(importlib.import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted(_HOMES)
