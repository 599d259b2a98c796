"""The law of `ErrorDetector`, over all of them."""

import numpy as np
import pytest

from keepwell.core.errors import NotFoundError
from keepwell.monitoring.concept import error_detector
from keepwell.monitoring.concept.base import NAMES

every_detector = pytest.mark.parametrize("name", NAMES)


def alarms(name: str, values: object) -> list[int]:
    detector = error_detector(name)
    return [at for at, value in enumerate(np.asarray(values).tolist()) if detector.add(value)]


@every_detector
@pytest.mark.parametrize("kind", ["wrong", "distance"])
def test_a_mean_that_stays_is_quiet(name: str, kind: str) -> None:
    random = np.random.default_rng(0)
    for_all = []
    for _ in range(20):
        wrong = (random.random(3000) < 0.2).astype(float)
        for_all.append(wrong if kind == "wrong" else np.abs(random.normal(0, 3, 3000)))
    assert sum(bool(alarms(name, stream)) for stream in for_all) <= 1


@every_detector
def test_a_mean_that_doubles_is_found(name: str) -> None:
    random = np.random.default_rng(1)
    for _ in range(10):
        calm, risen = random.random(1500) < 0.15, random.random(4000) < 0.35
        detector = error_detector(name)
        found = None
        for at, value in enumerate(np.concatenate([calm, risen]).astype(float).tolist()):
            if detector.add(value):
                found = at
                break
        assert found is not None
        assert found > 1500
        if (
            name != "ddm"
        ):  # which is slow after a long calm, and only knows where the mean was lowest
            assert found < 2000
            assert abs(found + 1 - detector.recent - 1500) < 400


@every_detector
def test_a_mean_that_falls_is_no_alarm(name: str) -> None:
    random = np.random.default_rng(2)
    high, low = random.random(1500) < 0.4, random.random(1500) < 0.1
    assert alarms(name, np.concatenate([high, low]).astype(float)) == []


@every_detector
def test_equal_and_extreme_values_do_no_harm(name: str) -> None:
    assert alarms(name, np.zeros(500)) == []
    assert alarms(name, np.ones(500)) == []
    alarms(name, [0.0, 1e150, 0.0] * 100)


def test_a_wrong_name_is_suggested() -> None:
    with pytest.raises(NotFoundError, match="adwin"):
        error_detector("adwim")
