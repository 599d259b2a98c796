"""Which engines there are."""

from functools import partial

from benchmarks.automl import engines, peers
from benchmarks.automl.engines import Engine

ENGINES: dict[str, Engine] = {
    "keepwell": Engine(
        package="keepwell",
        libraries=(
            "pyarrow", "lightgbm", "sklearn.compose", "sklearn.linear_model", "optuna", "skops.io",
            "duckdb", "deltalake", "sqlalchemy", "keepwell.workspace",
        ),
        fit=engines.keepwell,
    ),
    "autogluon": Engine(
        package="autogluon.tabular",
        libraries=("autogluon.tabular", "lightgbm", "torch"),
        fit=partial(peers.autogluon, presets="medium_quality"),
    ),
    "autogluon-best": Engine(
        package="autogluon.tabular",
        libraries=("autogluon.tabular", "lightgbm", "torch"),
        fit=partial(peers.autogluon, presets="best_quality"),
    ),
    "flaml": Engine(package="flaml", libraries=("flaml", "lightgbm"), fit=engines.flaml),
    "h2o": Engine(
        package="h2o", libraries=("h2o.automl",), fit=peers.h2o, ready=peers.start_h2o
    ),
    "lightgbm": Engine(
        package="lightgbm", libraries=("lightgbm",), fit=engines.lightgbm, timed=False
    ),
    "catboost": Engine(
        package="catboost", libraries=("catboost",), fit=engines.catboost, timed=False
    ),
    "histogram": Engine(
        package="sklearn", libraries=("sklearn.ensemble",), fit=engines.histogram, timed=False
    ),
}  # fmt: skip
