"""Targets that are reached over the session of another one: ``via``, and what may not stand beside it."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from ipmi_lab.document import Document
from ipmi_lab.errors import did_you_mean
from ipmi_lab.inventory.target import Target

BESIDE = {"groups", "via", "bridge", "tags", "caps", "allow", "protect", "location", "i2c", "expect"}
"""The keys that a target behind another has of its own; all others belong to the session, which is the other's."""


class Written(Protocol):
    """A target as it stands in the file."""

    via: str | None
    bridge: list[str] | None

    @property
    def model_fields_set(self) -> set[str]: ...


class Behind:
    """Works out which target is behind which, and remembers what does not fit."""

    def __init__(
        self, document: Document, written: "Mapping[str, Written]", made: "Mapping[str, Target | None]"
    ) -> None:
        self.document, self.written, self.made = document, written, made

    def resolved(self) -> Iterator[tuple[str, Target]]:
        """All targets that can be used, in the order of the file."""
        for name, target in self.made.items():
            found = target if self.written[name].via is None else self._resolve(name)
            if found is not None:
                yield name, found

    def _say(self, name: str, key: str, sentence: str) -> None:
        self.document.mistake(("targets", name, key), sentence)

    def _resolve(self, name: str) -> Target | None:
        """A target with everything of the one before it; None where something on the way is wrong."""
        self._check(name)
        way = [name]
        while (via := self.written[way[-1]].via) is not None:
            if via not in self.written:
                if len(way) == 1:
                    self._say(name, "via", f"there is no target {via!r}. {did_you_mean(via, list(self.written))}")
                return None
            if via in way:
                self._say(name, "via", f"leads back to itself: {' via '.join([*way, via])}")
                return None
            way.append(via)
        found = self.made[way.pop()]
        while way and found is not None:
            nearer = self.made[way.pop()]
            found = None if nearer is None else nearer.behind(found)
        return found

    def _check(self, name: str) -> None:
        written = self.written[name]
        for key in sorted(written.model_fields_set - BESIDE):
            self._say(name, key, f"stands beside via: the session is that of {written.via!r}, write it there")
        made = self.made[name]
        if made is not None and not made.bridge:
            self._say(name, "via", "names no hop behind it; write bridge: [0x82@0]")
