"""I2C buses behind a BMC: the bare command, devices by name, and what EEPROMs want."""

from collections.abc import Callable, Mapping

from ipmi_lab.commands.command import meaning
from ipmi_lab.commands.i2c import BusType, MasterWriteRead, MasterWriteReadCode
from ipmi_lab.device.part import Part, World, feature
from ipmi_lab.errors import CompletionError, LocalError, OutcomeUnknown, RemoteError, did_you_mean
from ipmi_lab.inventory.target import I2cDevice
from ipmi_lab.links.link import Link
from ipmi_lab.wire.codes import CompletionCode
from ipmi_lab.wire.fields import to_bytes

ABSENT = (MasterWriteReadCode.NAK_ON_WRITE, MasterWriteReadCode.BUS_ERROR, MasterWriteReadCode.TRUNCATED_READ)
"""What an address answers where nothing sits; controllers differ."""

TOO_MUCH = (
    CompletionCode.REQUEST_DATA_LENGTH_INVALID,
    CompletionCode.REQUEST_DATA_LENGTH_LIMIT_EXCEEDED,
    CompletionCode.PARAMETER_OUT_OF_RANGE,
    CompletionCode.CANNOT_RETURN_REQUESTED_BYTES,
)
"""What controllers answer where a transfer is longer than they can do."""

HINTS: dict[int, str] = {
    MasterWriteReadCode.LOST_ARBITRATION: "Another master had the bus; ask again.",
    MasterWriteReadCode.BUS_ERROR: "The bus is stuck, or has no power.",
    MasterWriteReadCode.NAK_ON_WRITE: "Nobody answers at that address (7 bits: an EEPROM is 0x50), or it is busy.",
    CompletionCode.INVALID_DATA_FIELD: "The controller has no such bus, or keeps it for itself: try another bus_id.",
    **dict.fromkeys(TOO_MUCH, "That is more than this controller carries in one go: try 32 bytes or fewer."),
}
FIRST, LAST = 0x08, 0x77
PAUSES = (0.002, 0.01, 0.05)
PIECE = 32
WRITE_CYCLE, POLLS, POLL_PAUSE = 0.025, 4, 0.002
ATTEMPTS = 3


class I2cCommands(Part[World]):
    """Master Write-Read."""

    @feature
    async def master_write_read(
        self, bus_type: BusType, address: int, count: int, data: bytes = b"", *, bus_id: int = 0, channel: int = 0
    ) -> bytes:
        """The bare command: ``address`` has 7 bits, and as many bytes come as the controller gave. IPMI 2.0 §22.11."""
        ask = MasterWriteRead(
            bus_type=bus_type, bus_id=bus_id, channel=channel, address=address, count=count, data=data
        )
        return (await self.link.send(ask)).data

    @feature
    async def i2c_write_read(
        self,
        bus_type: BusType | int | str,
        bus_id: int,
        channel: int,
        address: int,
        count: int,
        data: bytes | None = None,
    ) -> bytes:
        """Write ``data`` to an I2C device, then read ``count`` bytes of it: once, as asked. IPMI 2.0 §22.11.

        ``address`` has 7 bits: an EEPROM is 0x50. CompletionError by the names of 81h to 84h, with the bytes that came;
        RemoteError where fewer bytes come than were asked for.
        """
        ask = MasterWriteRead(
            bus_type=bus_type,  # type: ignore[arg-type]  # the field reads words and numbers
            bus_id=bus_id,
            channel=channel,
            address=address,
            count=count,
            data=data or b"",
        )
        return checked(self.link, ask, *await self.link.exchange(ask))

    @feature
    async def i2c_scan(
        self,
        bus_type: BusType | int | str,
        bus_id: int,
        channel: int = 0,
        *,
        progress: Callable[[int], None] | None = None,
    ) -> list[int]:
        """The 7-bit addresses from 0x08 to 0x77 of which one byte can be read; nothing is written.

        ``progress`` is told each address before it is asked. CompletionError where the bus itself is refused, or where
        no address can be asked since the bus is stuck.
        """
        found, stuck = [], 0
        for address in range(FIRST, LAST + 1):
            if progress is not None:
                progress(address)
            ask = MasterWriteRead(
                bus_type=bus_type,  # type: ignore[arg-type]  # as above
                bus_id=bus_id,
                channel=channel,
                address=address,
                count=1,
            )
            code, data = await _patiently(self.link, ask)
            if code == CompletionCode.OK:
                found.append(address)
            elif code not in ABSENT:
                checked(self.link, ask, code, data)
            stuck += code == MasterWriteReadCode.BUS_ERROR
        if stuck == LAST + 1 - FIRST:
            checked(self.link, ask, MasterWriteReadCode.BUS_ERROR, b"")
        return found


class I2c(Part[World]):
    """Devices on I2C buses, by the names that the inventory gives them; a lost arbitration is tried again."""

    def __init__(self, link: Link, devices: Mapping[str, I2cDevice] | None = None) -> None:
        super().__init__(link)
        self.devices = dict(devices or {})
        self._piece = PIECE  # what the controller takes in one go, as far as we know

    def find(self, device: str | I2cDevice) -> I2cDevice:
        """A device by its name in the inventory; LocalError says what there is."""
        if isinstance(device, I2cDevice):
            return device
        if device in self.devices:
            return self.devices[device]
        raise LocalError(
            f"the inventory names no I2C device {device!r} of this target",
            target=self.link.name,
            hint=did_you_mean(device, list(self.devices)) or "Write it under i2c: of the target.",
        )

    @feature
    async def read(self, device: str | I2cDevice, count: int, data: bytes = b"") -> bytes:
        """Write ``data``, such as a register's address, and read ``count`` bytes."""
        ask = self.find(device).ask(count, data)
        return checked(self.link, ask, *await _patiently(self.link, ask))

    @feature
    async def write(self, device: str | I2cDevice, data: bytes) -> None:
        """Write ``data``."""
        ask = self.find(device).ask(0, data)
        checked(self.link, ask, *await _patiently(self.link, ask))

    # ------------------------------------------------------------------ EEPROMs

    @feature
    async def read_eeprom(self, device: str | I2cDevice, offset: int = 0, count: int | None = None) -> bytes:
        """``count`` bytes of an EEPROM from ``offset``, all to its end unless said, in pieces of at most 32."""
        chip = self.find(device)
        wanted = chip.size - offset if count is None else count
        self._check_range(chip, offset, wanted)
        return await self._read(chip, offset, wanted)

    @feature
    async def write_eeprom(self, device: str | I2cDevice, offset: int, data: bytes) -> bytes:
        """Write ``data`` into an EEPROM from ``offset``, page by page, and read it back; gives what was there before.

        Pages that hold it already are left alone. Waits for the write cycle after each page. RemoteError where the
        EEPROM holds something else afterwards.
        """
        chip, data = self.find(device), to_bytes(data)
        self._check_range(chip, offset, len(data))
        before = await self._read(chip, offset, len(data))
        at = 0
        while at < len(data):
            size = min(chip.page - (offset + at) % chip.page, self._piece, len(data) - at)
            if data[at : at + size] != before[at : at + size]:
                size = await self._write_piece(chip, offset + at, data[at : at + size])
            at += size
        self._compare(chip, offset, data, await self._read(chip, offset, len(data)))
        return before

    def _check_range(self, chip: I2cDevice, offset: int, count: int) -> None:
        if offset < 0 or count < 0 or offset + count > chip.size:
            raise LocalError(
                f"{count} bytes from {offset} are not in an EEPROM of {chip.size} bytes",
                target=self.link.name,
                hint="Say its size: in the inventory's i2c, or by size=.",
            )

    async def _read(self, chip: I2cDevice, offset: int, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += await self._read_piece(chip, offset + len(data), count - len(data))
        return data

    async def _read_piece(self, chip: I2cDevice, offset: int, most: int) -> bytes:
        """A piece from an offset; smaller ones from then on where the controller cannot do that much."""
        while True:
            ask = chip.at(offset, min(most, self._piece, chip.before_next_block(offset)))
            code, data = await self._awake(ask)
            if code in TOO_MUCH and self._piece > 1:
                self._piece //= 2
                continue
            return checked(self.link, ask, code, data)

    async def _write_piece(self, chip: I2cDevice, offset: int, data: bytes) -> int:
        """Write within a page; gives how many bytes were written. The same bytes may be written twice: where an
        answer is lost, the EEPROM itself tells what became of it."""
        for attempt in range(ATTEMPTS):
            ask = chip.at(offset, 0, data)
            try:
                code, answer = await self._awake(ask)
            except OutcomeUnknown:
                if await self._read(chip, offset, len(data)) == data:
                    return len(data)
                if attempt == ATTEMPTS - 1:
                    raise
                continue
            if code in TOO_MUCH and len(data) > 1:
                self._piece = len(data) // 2
                data = data[: self._piece]
                continue
            checked(self.link, ask, code, answer)
            return len(data)
        return await self._write_piece(chip, offset, data)

    async def _awake(self, ask: MasterWriteRead) -> tuple[int, bytes]:
        """An EEPROM answers nothing while it writes: ask again until it does, for as long as a write may take."""
        begun, polls = self.link.clock(), 0
        while True:
            code, data = await _patiently(self.link, ask)
            polls += 1
            late = polls >= POLLS and self.link.clock() - begun > WRITE_CYCLE
            if code != MasterWriteReadCode.NAK_ON_WRITE or late:
                return code, data
            await self.link.sleep(POLL_PAUSE)

    def _compare(self, chip: I2cDevice, offset: int, wanted: bytes, held: bytes) -> None:
        for at, (want, have) in enumerate(zip(wanted, held, strict=True)):
            if want != have:
                raise RemoteError(
                    f"the EEPROM at 0x{chip.address:02x} holds 0x{have:02X} at offset {offset + at}, 0x{want:02X} was "
                    "written",
                    target=self.link.name,
                    hint="It may be write-protected, or have another page size or number of offset bytes.",
                )


async def _patiently(link: Link, ask: MasterWriteRead) -> tuple[int, bytes]:
    """Completion code and data; a lost arbitration is tried again a few times, a read after a bus error once."""
    again = ask.reads_only
    for pause in PAUSES:
        code, data = await link.exchange(ask)
        if code == MasterWriteReadCode.BUS_ERROR and again:
            again = False
        elif code != MasterWriteReadCode.LOST_ARBITRATION:
            return code, data
        await link.sleep(pause)
    return await link.exchange(ask)


def checked(link: Link, ask: MasterWriteRead, code: int, data: bytes) -> bytes:
    """The bytes of an answer that has as many as were asked for; else an error that says what came."""
    where = f"0x{ask.address:02x} on {ask.bus_type.words} bus {ask.bus_id} of channel {ask.channel}"
    if code:
        came = f" after {len(data)} bytes ({data.hex(' ')})" if data else ""
        raise CompletionError(
            code,
            f"{meaning(MasterWriteRead, code)}{came}, from {where}",
            target=link.name,
            request=ask.label(),
            hint=HINTS.get(code, ""),
            data=data,
        )
    if len(data) != ask.count:
        raise RemoteError(
            f"{ask.count} bytes were asked for from {where}, {len(data)} came ({data.hex(' ')})",
            target=link.name,
            request=ask.label(),
        )
    return data
