"""What outlives a virtual BMC: each part says what it keeps, and a file keeps that from one run to the next."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, create_model

from ipmi_lab import document
from ipmi_lab.errors import LocalError

PRIVATE = 0o600  # there are passwords in it


def _unhex(value: object) -> object:
    return bytes.fromhex(value) if isinstance(value, str) else value


Hex = Annotated[bytes, BeforeValidator(_unhex), PlainSerializer(bytes.hex)]
"""Bytes, which stand in the file as hex digits."""


class Keeper(Protocol):
    """A part with attributes that last, each with the type that it has in the file."""

    keeps: ClassVar[Mapping[str, Any]]

    def reset(self) -> None: ...


class State:
    """A file and the parts that it is about. Where the file is there already, they become what it says."""

    def __init__(self, path: Path, keepers: list[Keeper]) -> None:
        self._path = path
        self._keepers = {type(each).__name__: each for each in keepers if each.keeps}
        sections: dict[str, Any] = {}
        for name, keeper in self._keepers.items():
            fields: dict[str, Any] = {attribute: (kind, ...) for attribute, kind in keeper.keeps.items()}
            sections[name] = (create_model(name, **fields) | None, None)
        self._model: type[BaseModel] = create_model("State", __config__=ConfigDict(extra="allow"), **sections)
        self._others: dict[str, Any] = {}  # of parts that this run has not: a serial line
        self._saved = ""
        if path.exists():
            self._load()

    def _load(self) -> None:
        found = document.read(self._path, self._model)
        self._others = found.model_extra or {}
        for name, keeper in self._keepers.items():
            section = getattr(found, name)
            if section is not None:  # else no run had that part yet
                for attribute in keeper.keeps:
                    setattr(keeper, attribute, getattr(section, attribute))
                keeper.reset()  # what was volatile did not outlive the run

    def save(self) -> None:
        """Write the file, where anything in it has changed; LocalError where that fails."""
        values = {
            name: {attribute: getattr(keeper, attribute) for attribute in keeper.keeps}
            for name, keeper in self._keepers.items()
        }
        text = self._model.model_validate(self._others | values).model_dump_json(indent=1)
        if text == self._saved:
            return
        try:
            document.put(self._path, text.encode(), mode=PRIVATE)
        except OSError as error:
            raise LocalError(f"{self._path}: the state of a virtual BMC cannot be written: {error.strerror}") from None
        self._saved = text
