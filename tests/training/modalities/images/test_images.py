"""Pictures learnt from by what can be measured in them."""

import numpy as np
from pictures import encoded, stripes
from training_worlds import world_of

from keepwell.core.records import ColumnType
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.deployment.scoring import build_scorer_files, load_scorer
from keepwell.training import train


def test_tells_pictures_apart_and_is_compiled() -> None:
    upright = np.arange(80) % 2 == 0
    world = world_of(
        {
            "shot": [encoded(stripes(bool(up), seed)) for seed, up in enumerate(upright)],
            "label": np.where(upright, "up", "flat"),
        },
        shot=ColumnType.IMAGE,
    )
    spec = TrainSpec(budget=10, folds=2, learners=("linear",))
    trained = train(*world, DataSpec(source="", target="label"), spec)
    assert trained.metrics["accuracy"].value == 1.0
    assert trained.importance == {"shot": 1.0}
    field = trained.signature.inputs[0]
    assert len(str(field.example)) < 100  # nobody's photograph
    files, proof = build_scorer_files(trained.pipeline, trained.signature, world[0].slice(0, 20))
    assert proof.compiled
    assert proof.largest_difference <= 1e-9
    scorer = load_scorer(files.__getitem__, trained.signature)
    assert scorer.rows([{"shot": encoded(stripes(True, 99))}]).predictions == ["up"]
    assert scorer.rows([{"shot": field.example}]).predictions
