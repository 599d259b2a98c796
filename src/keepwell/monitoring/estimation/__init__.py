"""How good answers are likely to be, before anybody knows.

    reference = fit_reference(signature, fields, table, actual, scores)    # on rows with outcomes
    estimated = estimate(reference, signature, answers, wanted=("roc_auc", "accuracy"))

Two ways, by task:

- *Classes*, by confidence: if what the model calls 0.8 comes true in 80% of cases, its probabilities say
  how often it errs. They are calibrated on rows that no choice ever saw; every metric follows. This is
  confidence-based performance estimation (CBPE; NannyML's documentation, "How it works: performance
  estimation"; Białek et al., "Estimating model performance under covariate shift without labels", 2024).
- *Numbers*, by loss: a small model, fitted on such rows, says how far off an answer is likely to be, given
  its inputs: direct loss estimation (DLE; the same documentation).

Law: where rows come as they did on the test rows, the estimate's interval holds what outcomes show in about
19 of 20 windows. Where inputs move, it follows. Where the relation of inputs and outcome changes, it does
not, and cannot: nothing but outcomes tells of that.
"""

from keepwell.monitoring.estimation.answers import Answers
from keepwell.monitoring.estimation.estimating import Estimated, estimate, fit_reference
from keepwell.monitoring.estimation.reference import Reference

__all__ = ["Answers", "Estimated", "Reference", "estimate", "fit_reference"]
