"""All that may stand in a condition: the one table that the parser, the meaning and the docs share."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocable:
    """A word.

    Attributes:
        meaning: When it holds.
        about: What may stand in its parentheses: `column`, `duration`, `cause` or `hours`; empty: nothing.
        needed: The parentheses must be there.
    """

    meaning: str
    about: str = ""
    needed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A number that can be compared; `family` ones have a name behind a colon."""

    meaning: str
    family: str = ""


CAUSES: Mapping[str, str] = {
    "upstream": "a column arrives damaged",
    "inputs": "inputs moved",
    "concept": "outcomes depend otherwise on the inputs",
    "predictions": "answers moved",
    "host": "the machine was short of something",
    "deployment": "a deployment",
    "configuration": "a change of configuration",
    "contract": "a change of the data's contract",
    "dataset": "a new version of a dataset",
    "anomaly": "something unusual in another series",
    "external": "what another monitoring system told",
}
"""Kinds of causes, for `cause(KIND)`."""

_SIGNALS: Mapping[str, str] = {
    "drift": "a column moved away from training",
    "joint_drift": "inputs go together otherwise than in training",
    "slice_drift": "a column moved in some of the rows",
    "concept_drift": "errors changed that inputs do not explain",
    "prediction_drift": "the answers moved",
    "quality": "a column arrives damaged: missing, of another type, out of range",
    "performance": "the live metric fell, by outcomes",
    "estimated_performance": "the metric is estimated to have fallen, before outcomes come",
    "latency": "answers are slower than they may be",
    "errors": "requests fail more often than they may",
    "objective": "an error budget is used up too fast",
    "forecast": "something is going to run full or out",
    "alert": "a rule of `alerts:` that is bound to the loop fires",
    "external": "another monitoring system warns",
    "kpi": "a KPI misses its target",
    "fairness": "groups are treated too differently",
    "resource": "a machine or a process is short of something",
    "cost": "a budget is used up",
}

WORDS: Mapping[str, Vocable] = {
    **{name: Vocable(meaning=said, about="column") for name, said in _SIGNALS.items()},
    "signal": Vocable(meaning="there is a signal of any kind"),
    "load.low": Vocable(meaning="a fifth or less of what the workers can do is asked for"),
    "load.normal": Vocable(meaning="neither low nor high"),
    "load.high": Vocable(
        meaning="four fifths of what the workers can do is asked for, or more; or twice what is usual"
    ),
    "recent_deploy": Vocable(
        meaning="the routes changed within the last hour, or the time given", about="duration"
    ),
    "recent_promotion": Vocable(
        meaning="the champion changed within the last hour, or the time given", about="duration"
    ),
    "rollout": Vocable(meaning="a version is on trial"),
    "retraining": Vocable(meaning="a retraining is under way"),
    "intervention": Vocable(meaning="something that the loop did is in force, or is being done"),
    "enough_labels": Vocable(
        meaning="outcomes enough came since the last training (`loop.retrain.min_labels`)"
    ),
    "incident": Vocable(meaning="an incident is open, or has been for so long", about="duration"),
    "starved": Vocable(meaning="the machine was short of something within the monitor's window"),
    "cause": Vocable(meaning="the likeliest cause is of this kind", about="cause", needed=True),
    "time": Vocable(
        meaning="it is such a time, in UTC: `time(mon-fri 08:00-18:00)`", about="hours", needed=True
    ),
}

MEASURES: Mapping[str, Measure] = {
    "latency_p95_ms": Measure(meaning="95th percentile of the time to answer, milliseconds"),
    "latency_p50_ms": Measure(meaning="median of the time to answer, milliseconds"),
    "error_rate": Measure(meaning="share of requests that failed on our side"),
    "requests_per_second": Measure(meaning="rows asked for in a second"),
    "load": Measure(meaning="share of what the workers can do that is asked for"),
    "rows": Measure(meaning="predictions in the monitor's window"),
    "labels": Measure(meaning="outcomes since the last training"),
    "metric": Measure(meaning="the live metric of that name, by outcomes", family="metric:roc_auc"),
    "drift": Measure(meaning="how far a column moved", family="drift:age"),
    "missing": Measure(meaning="share of a column that is missing", family="missing:age"),
}
