"""Controllers behind a virtual BMC, reached by Send Message."""

from ipmi_lab.commands.bmc import GetDeviceId
from ipmi_lab.commands.messaging import SendMessage, SendMessageCode
from ipmi_lab.errors import IpmiLabError
from ipmi_lab.packets import ipmb
from ipmi_lab.virtual.profile import ControllerProfile
from ipmi_lab.wire.codes import CompletionCode


def pass_on(controllers: list[ControllerProfile], channel: int, message: bytes) -> bytes | int:
    """The whole answer of the controller that a message is for, or the completion code of Send Message.

    RemoteError where the message is none.
    """
    frame = ipmb.parse(message)
    for controller in controllers:
        if (controller.channel, controller.address) == (channel, frame.responder):
            return ipmb.pack_answer(frame, _answer(controller, frame))
    return SendMessageCode.NAK_ON_WRITE


def _answer(controller: ControllerProfile, frame: ipmb.Frame) -> bytes:
    """Completion code and data: it knows who it is, and passes messages on to what is behind it, whose answers it puts
    into its own."""
    number = frame.netfn, frame.command
    if number == (GetDeviceId.netfn, GetDeviceId.command):
        if frame.data:
            return bytes((CompletionCode.REQUEST_DATA_LENGTH_INVALID,))
        return b"\0" + controller.device_id.message().encode()
    if number != (SendMessage.netfn, SendMessage.command):
        return bytes((CompletionCode.INVALID_COMMAND,))
    try:
        ask = SendMessage.decode(frame.data)
        answer = pass_on(controller.controllers, ask.channel, ask.message)
    except IpmiLabError:
        return bytes((CompletionCode.INVALID_DATA_FIELD,))
    return bytes((answer,)) if isinstance(answer, int) else b"\0" + answer
