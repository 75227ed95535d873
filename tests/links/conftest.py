"""Virtual BMCs for the links."""

from collections.abc import Iterator

import pytest

from ipmi_lab.virtual.farm import Farm, Served


@pytest.fixture
def farm() -> Iterator[Farm]:
    with Farm() as farm:
        yield farm


@pytest.fixture
def served(farm: Farm) -> Served:
    return farm.open("rack-server")
