"""Originals, fitted once."""

import warnings
from typing import Any

import pytest
from scoring_cases import CASES, fitted


@pytest.fixture(scope="session")
def fitted_cases() -> dict[str, Any]:
    """Return one fitted original for each case, by the case's id."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {case.id: fitted(case, 0) for case in CASES}
