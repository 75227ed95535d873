"""A message is declared as annotated fields; ``plan`` says how the declaration becomes bytes and back."""

from typing import Any, ClassVar, Self, dataclass_transform

from ipmi_lab.errors import LocalError
from ipmi_lab.wire.plan import Plan

_keep = object.__setattr__


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Layout:
    """Bytes with named fields. Made from keywords, or from bytes with ``decode``; never changed afterwards."""

    _plan: ClassVar[Plan | None] = None

    def __init_subclass__(cls, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        cls._plan = None  # not that of the layout it comes from

    def __init__(self, **fields: Any) -> None:
        plan = self._plan or self.plan()
        if not fields and not plan.public:
            return
        try:
            try:
                _keep(self, "__dict__", plan.filled(**fields))
            except TypeError:
                plan.complain(fields)
                raise
            self._check()
        except LocalError as error:
            raise error.about(request=type(self).__name__) from None

    def _check(self) -> None:
        """LocalError where fields that are right one by one do not go together; what was received is not checked."""

    @classmethod
    def plan(cls) -> Plan:
        """The plan of this very class, made at first use."""
        if cls._plan is None:
            cls._plan = Plan(cls)
        return cls._plan

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The message that ``data`` is. TooShort where it ends early; bytes behind the last field are ignored."""
        message = object.__new__(cls)
        _keep(message, "__dict__", (cls._plan or cls.plan()).read(data))
        return message

    def encode(self) -> bytes:
        """The message as bytes."""
        return (self._plan or self.plan()).write(self.__dict__)

    def asdict(self) -> dict[str, Any]:
        """Field names and values, in the order of the declaration."""
        return dict(self.__dict__)

    def describe(self) -> list[tuple[str, str]]:
        """Field names and values in words, for people."""
        fields = self.plan().fields
        return [(name, fields[name].words(value)) for name, value in self.__dict__.items()]

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is not changed after it was made")

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    def __hash__(self) -> int:
        return hash((type(self), self.encode()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"
