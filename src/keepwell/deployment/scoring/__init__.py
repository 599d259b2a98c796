"""A fitted pipeline as plain data, and the functions that answer from it.

    files, proof = build_scorer_files(pipeline, signature, sample)   # once, when a version is made
    scorer = load_scorer(files.__getitem__, signature)               # anywhere, without scikit-learn
    scorer.rows([{"age": 41, "colour": "red"}]).predictions          # one request
    scorer.batch(table).probabilities                                # a million rows

Law: both faces answer alike, and like the pipeline; `proof` says how far they were apart on a sample.
A transformer or estimator that cannot be compiled makes the whole pipeline run as it is, from
`pipeline.skops`, and `proof.reason` names it.
"""

from keepwell.deployment.scoring.proof import build_scorer_files
from keepwell.deployment.scoring.scorer import Scorer, Scores, load_scorer

__all__ = ["Scorer", "Scores", "build_scorer_files", "load_scorer"]
