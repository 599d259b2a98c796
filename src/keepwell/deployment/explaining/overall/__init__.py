"""What a model goes by on the whole, measured on rows that it has never seen.

    overview(scorer, explainer, table, actual, metric="roc_auc", seconds=3.0)

Permutation importance (Breiman 2001; Fisher, Rudin and Dominici 2019), the mean size of contributions
(SHAP), partial dependence (Friedman 2001) with single rows (Goldstein et al. 2015), and Friedman's H for
pairs. All of it asks the scorer, so it holds for any model, and all of it is bounded in time.
"""

from keepwell.deployment.explaining.overall.overview import overview

__all__ = ["overview"]
