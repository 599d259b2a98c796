import importlib
import inspect
import json
import pkgutil

import pytest

import keepwell
from keepwell.core import errors
from keepwell.core.errors import KeepwellError, MissingExtraError


def _family(cls: type[KeepwellError]) -> list[type[KeepwellError]]:
    return [cls, *(child for direct in cls.__subclasses__() for child in _family(direct))]


def _classes() -> list[type[KeepwellError]]:
    for layer in ("core", "infrastructure", "governance"):
        package = importlib.import_module(f"keepwell.{layer}")
        for module in pkgutil.walk_packages(package.__path__, f"keepwell.{layer}."):
            if "migrations" not in module.name:
                importlib.import_module(module.name)
    return sorted(set(_family(KeepwellError)), key=lambda cls: cls.__name__)


@pytest.mark.parametrize("cls", _classes(), ids=lambda cls: cls.__name__)
def test_every_error_has_a_headline_an_exit_code_and_a_status(cls: type[KeepwellError]) -> None:
    assert cls.__name__ == "KeepwellError" or "headline" in vars(cls)
    assert cls.headline
    assert not cls.headline.endswith(".")
    assert cls.exit_code in (1, 2)
    assert 400 <= cls.http_status < 600
    assert inspect.getdoc(cls)


def test_wrong_usage_alone_exits_with_two() -> None:
    twos = {cls.__name__ for cls in _classes() if cls.exit_code == 2}
    assert {"UsageError", "ProjectFileError"} <= twos
    assert all(
        issubclass(getattr(errors, name, errors.UsageError), errors.UsageError) for name in twos
    )


def test_an_error_speaks_in_three_beats() -> None:
    error = KeepwellError("the what", why="the why", now="the now", details={"line": 3})
    assert str(error) == "the what\nthe why\nthe now"
    assert str(KeepwellError("only what")) == "only what"
    assert json.loads(json.dumps(error.as_dict())) == {
        "error": "KeepwellError",
        "headline": KeepwellError.headline,
        "what": "the what",
        "why": "the why",
        "now": "the now",
        "details": {"line": 3},
    }


def test_a_missing_extra_names_its_pip_line() -> None:
    error = MissingExtraError("reading from Kafka", extra="kafka")
    assert error.now == "pip install 'keepwell[kafka]'"
    assert keepwell.__version__
