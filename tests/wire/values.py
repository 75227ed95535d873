"""Values that fit a layout, for round trips."""

from typing import Any

from hypothesis import strategies
from hypothesis.strategies import SearchStrategy

from ipmi_lab.secret import Secret
from ipmi_lab.wire.fields import Counted, Field, Fixed
from ipmi_lab.wire.message import Layout

TEXT = strategies.characters(min_codepoint=1, max_codepoint=255)


def values_of(layout: type[Layout]) -> SearchStrategy[dict[str, Any]]:
    """Fields for ``layout``; optional ones are given from the first on, or not at all."""
    fields = [field for field in layout.plan().fields.values() if not field.reserved]
    given = {field.name: value_of(field) for field in fields if not field.optional}
    optional = {field.name: value_of(field) for field in fields if field.optional}
    return strategies.builds(
        lambda needed, extra, some: needed | (extra if some else {}),
        strategies.fixed_dictionaries(given),
        strategies.fixed_dictionaries(optional),
        strategies.booleans(),
    )


def value_of(field: Field) -> SearchStrategy[Any]:
    if field.type is str:
        size = field.kind.size if isinstance(field.kind, Fixed) else 255
        return strategies.text(TEXT, max_size=size)
    if field.type in (bytes, Secret):
        least = field.kind.size if isinstance(field.kind, Fixed) and not field.kind.padded else 0
        most = field.kind.size if isinstance(field.kind, Fixed) else 255 if isinstance(field.kind, Counted) else 20
        raw = strategies.binary(min_size=least, max_size=most)
        return raw.map(Secret) if field.type is Secret else raw
    return strategies.integers(0, field.limit)
