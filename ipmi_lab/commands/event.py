"""Events that software tells the BMC."""

from ipmi_lab.commands.command import Done, Request
from ipmi_lab.wire.codes import NetFn, Privilege
from ipmi_lab.wire.fields import U8, Bit, Bits7, Rest


class PlatformEvent(Request[Done], netfn=NetFn.SENSOR_EVENT, command=0x02, needs="write", privilege=Privilege.OPERATOR):
    """Tell the BMC an event, which it logs and puts into its event message buffer. IPMI 2.0 §29.3."""

    revision: U8 = 0x04
    sensor_type: U8
    sensor_number: U8
    deassertion: Bit = False
    event_type: Bits7
    data: Rest
