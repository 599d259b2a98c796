import inspect
from types import ModuleType

import pytest

from keepwell.core import ports
from keepwell.core.errors import NotFoundError, UsageError
from keepwell.testing import (
    blob_suite,
    laws,
    lease_suite,
    measurement_suite,
    metadata_suite,
    named,
    refused,
    table_suite,
)

SUITES = (metadata_suite, measurement_suite, blob_suite, table_suite, lease_suite)


def test_every_port_has_a_suite() -> None:
    roles = {
        name
        for name, item in vars(ports).items()
        if inspect.isclass(item)
        and getattr(item, "_is_protocol", False)
        and item.__module__ == ports.__name__
    }
    told = {name for suite in SUITES for name in roles if f"`{name}`" in (suite.__doc__ or "")}
    assert told == roles


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.__name__.rpartition(".")[2])
def test_a_suite_is_made_of_named_laws(suite: ModuleType) -> None:
    found = laws(suite)
    assert len(found) >= 7
    assert all(list(inspect.signature(law).parameters)[:1] == ["make"] for law in found)
    assert all(named(law).count("_") >= 1 for law in found)


def test_a_law_that_expects_a_refusal_fails_without_one() -> None:
    with pytest.raises(AssertionError, match="was not raised"), refused(NotFoundError):
        pass
    with pytest.raises(AssertionError, match="says nothing"), refused(NotFoundError):
        raise NotFoundError("")
    with pytest.raises(UsageError), refused(NotFoundError):
        raise UsageError("another")
