from importlib.metadata import EntryPoint

import pytest

from keepwell.core import plugins
from keepwell.core.errors import NotFoundError, PluginError


@pytest.fixture
def point(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return an extension point with one good and one broken plugin."""
    found = {
        name: EntryPoint(name, value, "keepwell.things")
        for name, value in {"good": "json:dumps", "broken": "no_such_module:x"}.items()
    }
    monkeypatch.setattr(plugins, "_group", lambda _: found)
    return "things"


def test_a_plugin_is_loaded_by_its_name(point: str) -> None:
    assert plugins.plugin_names(point) == ["broken", "good"]
    assert plugins.load_plugin(point, "good")([1]) == "[1]"


def test_an_unknown_plugin_is_refused_with_the_closest_name(point: str) -> None:
    with pytest.raises(NotFoundError, match="no thing called 'god'") as refusal:
        plugins.load_plugin(point, "god")
    assert refusal.value.now == "did you mean 'good'?"
    assert "broken, good" in refusal.value.why


def test_a_broken_plugin_says_where_it_is(point: str) -> None:
    with pytest.raises(PluginError, match="no_such_module:x") as refusal:
        plugins.load_plugin(point, "broken")
    assert "ModuleNotFoundError" in refusal.value.why


def test_an_empty_point_has_no_plugins() -> None:
    assert plugins.plugin_names("nobody_offers_this") == []
