from typing import Any

from keepwell.cli.demo.news import News, Watch


def incident(**fields: Any) -> dict[str, Any]:
    return {
        "id": "01A",
        "opened": 110.0,
        "title": "accuracy fell",
        "status": "open",
        "closed": None,
        "resolution": "",
        "summary": "",
        "timeline": [],
        **fields,
    }


def entry(time: float, kind: str, text: str) -> dict[str, Any]:
    return {"time": time, "kind": kind, "text": text}


def test_everything_is_told_once() -> None:
    watch = Watch(since=100.0)
    first = incident(timeline=[entry(110.0, "signal", "accuracy 0.6")])
    assert watch.look([first], 1, 111.0) == [
        News(110.0, "incident", "incident opened: accuracy fell"),
        News(110.0, "signal", "accuracy 0.6"),
    ]
    assert watch.look([first], 1, 112.0) == []


def test_the_great_moments_are_remembered() -> None:
    watch = Watch(since=100.0)
    lines = [entry(110.0, "cause", "courier"), entry(112.0, "action", "train on 900 rows")]
    watch.look([incident()], 1, 111.0)
    news = watch.look([incident(status="retraining", timeline=lines)], 1, 113.0)
    assert [item.kind for item in news] == ["cause", "retrain"]
    watch.look([incident(status="verifying", timeline=lines)], 2, 120.0)
    watch.look(
        [incident(status="closed", timeline=lines, closed=130.0, resolution="healed")], 2, 131.0
    )
    assert (watch.found, watch.promoted, watch.closed) == (110.0, 120.0, 130.0)


def test_what_was_before_the_change_does_not_count() -> None:
    watch = Watch()
    watch.look([incident(opened=50.0)], 1, 60.0)
    watch.look([incident(opened=50.0, closed=70.0, resolution="no_change")], 2, 71.0)
    watch.since = 100.0
    watch.look([], 2, 101.0)
    assert (watch.found, watch.promoted, watch.closed) == (None, None, None)


def test_no_change_is_not_healed() -> None:
    watch = Watch(since=100.0)
    news = watch.look([incident(closed=130.0, resolution="no_change", summary="no harm")], 1, 131.0)
    assert news[-1] == News(130.0, "closed", "incident closed: no harm")
    assert watch.closed is None
