"""Other people's searches keep to their share, and give models that are served like any other."""

import pytest
from training_worlds import World

from keepwell.core.spec import DataSpec, LearnerSpec, TrainSpec
from keepwell.testing import learner_suite
from keepwell.training import train
from keepwell.training.learners import Learner, installed
from keepwell.training.learners.automl.autogluon import AutoGluon
from keepwell.training.learners.automl.flaml import Flaml
from keepwell.training.learners.automl.shares import share_of


def test_all_fits_together_leave_time_for_others(churn: World) -> None:
    from keepwell.training.framing import frame_problem

    table, columns = churn
    data = DataSpec(source="", target="left")
    problem = frame_problem(table, columns, data, TrainSpec(budget=60.0)).problem
    assert share_of(problem) * 6 <= 60.0
    for learner in (Flaml(), AutoGluon()):
        assert learner.candidates(problem)[0].params["seconds"] == share_of(problem)


def quick() -> Learner:
    return installed([LearnerSpec(name="flaml", params={"seconds": 1})])["flaml"]


@pytest.mark.filterwarnings("ignore")
def test_what_flaml_finds_is_compiled() -> None:
    pytest.importorskip("flaml", reason="the extra 'automl' is not installed")
    learner_suite.a_class_that_the_rows_lack_has_no_chance(quick)
    learner_suite.every_candidate_compiles_and_answers_the_same(quick)


@pytest.mark.filterwarnings("ignore")
def test_autogluon_is_fitted_and_can_be_stored(churn: World) -> None:
    pytest.importorskip("autogluon.tabular", reason="the extra 'automl' is not installed")
    import pickle

    import numpy as np

    table, columns = churn
    own = LearnerSpec(name="autogluon", params={"seconds": 6})
    spec = TrainSpec(budget=60.0, folds=2, learners=(own,))
    trained = train(table, columns, DataSpec(source="", target="left"), spec)
    assert trained.learner == "autogluon"
    from keepwell.features.decoding import Decoder

    frame = Decoder(trained.signature).table(table)
    again = pickle.loads(pickle.dumps(trained.pipeline))
    assert np.array_equal(again.predict_proba(frame), trained.pipeline.predict_proba(frame))
