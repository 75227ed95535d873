"""An inventory file, read and worked out to the targets of a lab."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ipmi_lab.document import Document, Path_, check
from ipmi_lab.errors import LocalError, did_you_mean
from ipmi_lab.inventory.behind import Behind
from ipmi_lab.inventory.model import CredentialsModel, ExpectModel, GroupModel, InventoryModel, LabModel, TargetModel
from ipmi_lab.inventory.secrets import KINDS
from ipmi_lab.inventory.target import ExpectedDeviceId, I2cDevice, Target, looks_up_by_name, quirks_of, route
from ipmi_lab.ports.address import LINES, PORT, SCHEMES, WITHOUT_HOST, Address
from ipmi_lab.sessions.bridge import Route
from ipmi_lab.sessions.login import Timing
from ipmi_lab.wire.codes import Privilege

NAME = re.compile(r"[A-Za-z0-9_.-]+\Z")
ADDING = ("tags", "caps", "quirks", "allow")


@dataclass(frozen=True)
class Inventory:
    """The lab's targets by name. ``warnings`` say what works but should not stay so."""

    path: Path
    lab: LabModel
    targets: dict[str, Target]
    warnings: list[str] = field(default_factory=list)

    @classmethod
    def load(cls, path: Path | str, check_profile: Callable[[str], object] = str) -> "Inventory":
        """Read an inventory; InventoryError has one ``file:line:column: …`` a mistake, all at once. ``check_profile``
        raises LocalError where the profile of a virtual target is none: who only uses the others need not have it."""
        document = Document(Path(path))
        model = check(document, InventoryModel)
        reader = _Reader(document, model or InventoryModel(targets={}), check_profile)
        targets = dict(reader.targets())
        document.raise_mistakes()
        return cls(Path(path), reader.model.lab, targets, reader.warnings)


class _Reader:
    """Works groups, defaults and credentials into targets, and remembers what does not fit."""

    def __init__(self, document: Document, model: InventoryModel, check_profile: Callable[[str], object]) -> None:
        self.document, self.model, self.check_profile = document, model, check_profile
        self.warnings: list[str] = []

    def targets(self) -> Iterator[tuple[str, Target]]:
        for where, names in (("groups", self.model.groups), ("targets", self.model.targets)):
            for name in names:
                if not NAME.match(name):
                    self._say((where, name), "a name has letters, digits, '_', '.' and '-' only")
        for name, credentials in self.model.credentials.items():
            self._check_secrets(("credentials", name), credentials)
        for name, written in self.model.groups.items():
            self._layers(written, ("groups", name), (name,))
        made = {name: self._target(name, written) for name, written in self.model.targets.items()}
        yield from Behind(self.document, self.model.targets, made).resolved()

    def _say(self, path: Path_, sentence: str) -> None:
        self.document.mistake(path, sentence)

    def _layers(self, written: GroupModel, path: Path_, above: tuple[str, ...] = ()) -> list[GroupModel]:
        """The groups that a target or group builds on, farthest first."""
        layers: list[GroupModel] = []
        for index, name in enumerate(written.groups):
            place = (*path, "groups", index)
            if name in above:
                self._say(place, f"the group {name!r} builds on itself")
            elif name not in self.model.groups:
                self._say(place, f"there is no group {name!r}. {did_you_mean(name, list(self.model.groups))}")
            else:
                group = self.model.groups[name]
                layers += [*self._layers(group, ("groups", name), (*above, name)), group]
        return layers

    def _target(self, name: str, written: TargetModel) -> Target | None:
        path: Path_ = ("targets", name)
        layers = [self.model.defaults, *self._layers(written, path), written]
        merged: dict[str, Any] = {}
        for layer in layers:
            merged |= {key: value for key, value in layer if value is not None and key not in ADDING}
        added = {key: frozenset(word for layer in layers for word in getattr(layer, key)) for key in ADDING}
        if written.via is not None:
            return self._made(name, Address("via", written.via), CredentialsModel(), merged, added)
        address = self._address(path, merged)
        if address is not None:
            added["quirks"] |= quirks_of(address)
        credentials = self._credentials(path, merged.get("credentials"))
        if address is None or credentials is None:
            return None
        return self._made(name, address, credentials, merged, added)

    def _made(
        self,
        name: str,
        address: Address,
        credentials: CredentialsModel,
        merged: dict[str, Any],
        added: dict[str, frozenset[str]],
    ) -> Target:
        usual = Timing()
        timing = Timing(
            merged.get("timeout", usual.timeout),
            merged.get("retries", usual.retries),
            merged.get("budget", usual.budget),
        )
        expect = merged.get("expect", ExpectModel())
        expected = expect.device_id
        cipher = merged.get("cipher", address.option("cipher") or "auto")
        return Target(
            name,
            address,
            user=credentials.user or address.user,
            password=credentials.password,
            kg=credentials.kg,
            allow_literal=credentials.allow_literal,
            cipher=None if cipher == "auto" else int(cipher),
            authentication=merged.get("authentication", address.option("authentication")),
            name_only=merged.get("name_only", looks_up_by_name(address)),
            plain_secrets=merged.get("plain_secrets", False),
            privilege=Privilege.from_words(merged.get("privilege", "administrator")),
            timing=timing.gentle() if merged.get("gentle") else timing,
            keep_alive=merged.get("keep_alive", 0.0),
            in_flight=merged.get("in_flight", 1),
            wait_for_slot=merged.get("wait_for_slot", 0.0),
            protect=merged.get("protect", False),
            bridge=self._route(address, merged),
            location=tuple(merged.get("location", {}).items()),
            i2c=tuple((word, I2cDevice(**model.model_dump())) for word, model in merged.get("i2c", {}).items()),
            expect_device_id=ExpectedDeviceId(**expected.model_dump()) if expected is not None else None,
            expect_system_guid=expect.system_guid,
            expect_device_guid=expect.device_guid,
            via=None,
            **added,
        )

    def _address(self, path: Path_, merged: dict[str, Any]) -> Address | None:
        transport = merged.get("transport", "lanplus")
        place = (*path, "transport")
        try:
            if ":" in transport:
                if "host" in merged:
                    self._say((*path, "host"), "stands beside a whole URL in transport; write one of them")
                address = Address.parse(transport)
                looks_up_by_name(address)  # what they cannot read is a mistake of this place
                quirks_of(address)
                if address.scheme == "virtual":
                    self.check_profile(address.host)
                return address
            if transport not in SCHEMES or transport == "virtual":
                raise LocalError(f"{transport!r} is no transport", hint=did_you_mean(transport, list(SCHEMES)))
            if transport in WITHOUT_HOST:
                if "host" in merged:
                    self._say((*path, "host"), f"means nothing for {transport}, which is this machine's own BMC")
                return Address.parse(f"{transport}://")
            if transport in LINES:
                raise LocalError(
                    f"a line of {transport} is written as a whole URL",
                    hint="transport: serial:///dev/ttyS1?mode=terminal, or socket://HOST:PORT?mode=basic.",
                )
            if "host" not in merged:
                self._say(path, "names no host; write host: 10.0.0.7, or transport: with a URL")
                return None
            host = merged["host"]
            host = f"[{host}]" if ":" in host else host
            return Address.parse(f"{transport}://{host}:{merged.get('port', PORT)}")
        except LocalError as error:
            self._say(place if place in self.document.places else path, str(error))
            return None

    @staticmethod
    def _route(address: Address, merged: dict[str, Any]) -> Route:
        written = ",".join(merged.get("bridge", [])) or address.option("bridge")
        return route(written) if written else ()

    def _credentials(self, path: Path_, given: str | CredentialsModel | None) -> CredentialsModel | None:
        if given is None:
            return CredentialsModel()
        place = (*path, "credentials")
        if isinstance(given, str):
            if given not in self.model.credentials:
                known = list(self.model.credentials)
                self._say(place, f"there are no credentials {given!r}. {did_you_mean(given, known)}")
                return None
            return self.model.credentials[given]
        self._check_secrets(place, given)
        return given

    def _check_secrets(self, place: Path_, credentials: CredentialsModel) -> None:
        for key in ("password", "kg"):
            self._check_secret(place, key, credentials)

    def _check_secret(self, place: Path_, key: str, credentials: CredentialsModel) -> None:
        reference = getattr(credentials, key)
        if reference is None or reference.partition(":")[0] in KINDS:
            return
        if credentials.allow_literal:
            line = self.document.place((*place, key))[0]
            warning = f"{self.document.path}:{line}: a {key} stands in the file as it is; use a reference"
            if warning not in self.warnings:
                self.warnings.append(warning)
        else:
            self._say(
                (*place, key),
                f"is no reference; write {', '.join(f'{kind}:…' for kind in KINDS)}, or say allow_literal: true",
            )
