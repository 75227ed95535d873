"""How the bytes of a declaration are read and written: worked out once for each layout, at its first use.

Everything up to the first field that may be missing or says its own length goes through one ``struct``. How its numbers
become the values of the fields, and the other way round, is put into one expression of Python and compiled, since a
step for each field of each message would take several times as long.
"""

import struct
import types
import typing
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Annotated, Any, ClassVar

from ipmi_lab.errors import LocalError, TooShort, did_you_mean
from ipmi_lab.wire.codes import OpenEnum
from ipmi_lab.wire.fields import Bits, Counted, Field, Fixed, Kind, Remaining, Unsigned, decode_bytes, encode_bytes

_FORMATS = {1: "B", 2: "H", 4: "I"}


class Cell:
    """Some whole bytes and the fields in them: one number split into bits, or one run of bytes."""

    def __init__(self, fields: list[Field]) -> None:
        first = fields[0]
        self.fields = fields
        self.key = next((field.name for field in fields if not field.reserved), first.name)
        self.kind = first.kind
        self.optional = first.optional
        self.number = isinstance(first.kind, (Unsigned, Bits))
        self.size = _size(first.kind)
        self.order: Any = "big" if isinstance(first.kind, Unsigned) and first.kind.big else "little"
        shift = 8
        self.shifts = []
        for field in fields:
            if isinstance(field.kind, Bits):
                shift -= field.kind.width
                self.shifts.append(shift)
            else:
                self.shifts.append(0)

    def parts(self) -> Iterator[tuple[Field, int]]:
        return zip(self.fields, self.shifts, strict=True)

    @property
    def format(self) -> str:
        """As ``struct`` writes it. Three-byte and big-endian numbers come as bytes and are converted apart."""
        if self.size is None:
            return ""
        plain = isinstance(self.kind, Bits) or (
            isinstance(self.kind, Unsigned) and not self.kind.big and self.size in _FORMATS
        )
        return _FORMATS[self.size] if plain else f"{self.size}s"

    def reading(self, source: str, names: dict[str, Any]) -> Iterator[str]:
        """For each field its name and the expression of its value, made of the bytes or the number that ``source``
        stands for; ``names`` gets what else stands in it."""
        if self.number and self.format.endswith("s"):
            source = f"number({source}, {self.order!r})"
        for field, shift in self.parts():
            if field.reserved:
                continue
            kind, members = f"kind_{field.name}", f"members_{field.name}"
            value = f"{source} >> {shift} & {field.limit}" if isinstance(field.kind, Bits) else source
            names[kind] = field.type
            if not self.number:
                value = source if field.type is bytes else f"decode({kind}, {source})"
            elif field.type is bool:
                value = f"{source} & {1 << shift} != 0"
            elif issubclass(field.type, OpenEnum):
                names[members] = field.type._value2member_map_
                value = f"{members}[x] if (x := {value}) in {members} else {kind}(x)"
            yield f"{field.name!r}: {value}"

    def writing(self, defaults: dict[str, Any]) -> str:
        """The expression of what goes on the wire, as ``struct`` wants it."""
        value = f"values[{self.key!r}]"
        if not self.number:
            value = value if self.fields[0].type is bytes else f"encode({value})"
            return f"counted({value})" if isinstance(self.kind, Counted) else value
        constant = sum(int(defaults[field.name] or 0) << shift for field, shift in self.parts() if field.reserved)
        terms = [
            f"values[{f.name!r}]" + (f" << {shift}" if shift else "") for f, shift in self.parts() if not f.reserved
        ]
        value = " | ".join([*terms, str(constant)] if constant or not terms else terms)
        return f"({value}).to_bytes({self.size}, {self.order!r})" if self.format.endswith("s") else value


def _size(kind: Kind) -> int | None:
    """How many bytes a cell takes; None where the data says it."""
    if isinstance(kind, (Unsigned, Fixed)):
        return kind.size
    return 1 if isinstance(kind, Bits) else None


class Run:
    """Cells of a layout that are read and written in one go; all but the last have a size."""

    def __init__(self, layout: type[Any], cells: list[Cell], defaults: dict[str, Any]) -> None:
        self._layout, self._cells, self._defaults = layout, cells, defaults
        self._struct = struct.Struct("<" + "".join(cell.format for cell in cells))
        self.size: int = self._struct.size

    @cached_property
    def read(self) -> Callable[[bytes], dict[str, Any]]:
        """Gives the values by name. TooShort where the bytes end before."""
        names: dict[str, Any] = {
            "unpack": self._struct.unpack_from,
            "error": struct.error,
            "short": self._short,
            "number": int.from_bytes,
            "decode": decode_bytes,
        }
        values: list[str] = []
        for at, cell in enumerate(self._cells):
            values += cell.reading(f"data[{self.size}:]" if cell.size is None else f"numbers[{at}]", names)
        exec(
            "def read(data):\n"
            "    try:\n"
            "        numbers = unpack(data)\n"
            "    except error:\n"
            "        raise short(data) from None\n"
            f"    return {{{', '.join(values)}}}\n",
            names,
        )
        return names["read"]  # type: ignore[no-any-return]  # as it is written above

    @cached_property
    def write(self) -> Callable[[dict[str, Any]], bytes]:
        """Makes bytes of the values."""
        names: dict[str, Any] = {"pack": self._struct.pack, "encode": encode_bytes, "counted": _counted}
        sized = [cell.writing(self._defaults) for cell in self._cells if cell.size is not None]
        pieces = [f"pack({', '.join(sized)})"]
        pieces += [cell.writing(self._defaults) for cell in self._cells if cell.size is None]
        exec(f"def write(values):\n    return {' + '.join(pieces)}\n", names)
        return names["write"]  # type: ignore[no-any-return]  # as it is written above

    def _short(self, data: bytes) -> TooShort:
        name = self._layout.__name__
        return TooShort(f"{name} needs at least {self.size} bytes, {len(data)} came ({data.hex(' ')})")


def _counted(data: bytes) -> bytes:
    return bytes((len(data),)) + data


class Plan:
    """What is known of one layout: its fields, and how to read and write them."""

    def __init__(self, layout: type[Any]) -> None:
        self.layout = layout
        self.fields = {field.name: field for field in _declared(layout)}
        self.public = {name: field for name, field in self.fields.items() if not field.reserved}
        self.defaults = {name: getattr(layout, name) for name in self.fields if hasattr(layout, name)}
        cells = list(_cells(layout, list(self.fields.values())))
        fixed = 0
        while fixed < len(cells) and cells[fixed].size is not None and not cells[fixed].optional:
            fixed += 1
        if fixed < len(cells) and isinstance(cells[fixed].kind, Remaining) and not cells[fixed].optional:
            fixed += 1
        self.head = Run(layout, cells[:fixed], self.defaults)
        self._tail = [(cell, Run(layout, [cell], self.defaults)) for cell in cells[fixed:]]

    @cached_property
    def read(self) -> Callable[[bytes], dict[str, Any]]:
        """Gives the values by name. TooShort where the bytes end early."""
        return self._read_all if self._tail else self.head.read

    @cached_property
    def write(self) -> Callable[[dict[str, Any]], bytes]:
        """Makes bytes of the values."""
        return self._write_all if self._tail else self.head.write

    def _read_all(self, data: bytes) -> dict[str, Any]:
        values = self.head.read(data)
        at = self.head.size
        for cell, run in self._tail:
            raw = self._piece(cell, data, at)
            if raw is None:
                values.update(
                    (field.name, self.defaults.get(field.name)) for field in cell.fields if not field.reserved
                )
            else:
                values.update(run.read(raw))
                at += len(raw) + isinstance(cell.kind, Counted)
        return values

    def _piece(self, cell: Cell, data: bytes, at: int) -> bytes | None:
        """The bytes of one cell behind the fixed part, or None where an old BMC left it out."""
        if cell.optional and at >= len(data):
            return None
        if isinstance(cell.kind, Counted):
            size = data[at] if at < len(data) else 1
            at += 1
        else:
            size = len(data) - at if cell.size is None else cell.size
        raw = data[at : at + size]
        if len(raw) < size:
            if cell.optional:
                return None
            raise TooShort(f"{self.layout.__name__} ends inside {cell.fields[0].name} ({data.hex(' ')})")
        return raw

    def _write_all(self, values: dict[str, Any]) -> bytes:
        data = self.head.write(values)
        for cell, run in self._tail:
            if cell.optional and values.get(cell.key) is None:
                break
            data += run.write(values)
        return data

    @cached_property
    def filled(self) -> Callable[..., dict[str, Any]]:
        """Takes fields by name and gives all, those with what ``coerce`` makes of them and the defaults of the others.
        TypeError where the names are wrong, which ``complain`` has words for."""
        names: dict[str, Any] = {"_type": type, "_len": len}  # so called, since a field may be called type
        lines = []
        for name, field in self.public.items():
            kind, coerce, usual = f"_kind_{name}", f"_coerce_{name}", f"_usual_{name}"
            names |= {kind: field.type, coerce: field.coerce, usual: self.defaults.get(name)}
            given = f"{name} is not {usual} and " if name in self.defaults else ""
            lines.append(f"    if {given}({field.unfit(name, kind)}): {name} = {coerce}({name})\n")
        takes = [f"{name}=_usual_{name}" if name in self.defaults else name for name in self.public]
        head = f"def filled({', '.join(['*', *takes] if takes else [])}):\n"
        exec(f"{head}{''.join(lines)}    return {{{', '.join(f'{name!r}: {name}' for name in self.public)}}}\n", names)
        return names["filled"]  # type: ignore[no-any-return]  # as it is written above

    def complain(self, given: dict[str, Any]) -> None:
        """LocalError where a field is unknown or missing."""
        unknown = [name for name in given if name not in self.public]
        if unknown:
            offer = did_you_mean(unknown[0], list(self.public))
            raise LocalError(f"it has no field {unknown[0]!r}", hint=offer or "It has none.")
        for name in self.public:
            if name not in given and name not in self.defaults:
                raise LocalError(f"the field {name!r} is missing", hint=f"It takes {', '.join(self.signature())}.")

    def signature(self) -> list[str]:
        """The fields as a person gives them: ``action``, ``lun=0``."""
        return [f"{name}={self.defaults[name]!r}" if name in self.defaults else name for name in self.public]


def _declared(layout: type) -> Iterator[Field]:
    hints = typing.get_type_hints(layout, include_extras=True)
    for name, hint in hints.items():
        if typing.get_origin(hint) is ClassVar or hint is ClassVar:
            continue
        optional = False
        if typing.get_origin(hint) in (typing.Union, types.UnionType):
            hint, optional = next(arg for arg in typing.get_args(hint) if arg is not type(None)), True
        if typing.get_origin(hint) is not Annotated:
            raise TypeError(f"{layout.__name__}.{name} says no kind: annotate it with U8, Bits4, Rest …")
        base, kind = typing.get_args(hint)[:2]
        yield Field(name, kind, base, optional)


def _cells(layout: type, fields: list[Field]) -> Iterator[Cell]:
    gathered: list[Field] = []
    for field in fields:
        if isinstance(field.kind, Bits):
            gathered.append(field)
            width = sum(part.kind.width for part in gathered if isinstance(part.kind, Bits))
            if width > 8:
                raise TypeError(f"{layout.__name__}.{field.name} runs over its byte: {width} bits")
            if width == 8:
                yield Cell(gathered)
                gathered = []
            continue
        if gathered:
            raise TypeError(f"{layout.__name__}: the bits before {field.name} do not fill a byte")
        yield Cell([field])
    if gathered:
        raise TypeError(f"{layout.__name__}: the bits from {gathered[0].name} on do not fill a byte")
