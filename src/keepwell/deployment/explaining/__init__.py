"""Why a model answered what it answered: what each input column added.

    explainer = Explainer(load(read, signature), typical_rows(signature, profile))
    explainer.explain([{"tenure": 3, …}])[0].contributions   # the largest first

Law: the contributions and the base add up to `output`, which is the model's own: its log-odds, score or
value. They are exact (TreeSHAP from the booster itself, weights of linear models) wherever every feature
of the model comes from one input column; else they are sampled, with a standard error each.
"""

from keepwell.deployment.explaining.explainer import Explainer
from keepwell.deployment.explaining.explanation import Contribution, Explanation
from keepwell.deployment.explaining.library import Explainers
from keepwell.deployment.explaining.typical import typical_rows

__all__ = ["Contribution", "Explainer", "Explainers", "Explanation", "typical_rows"]
