"""Estimators of our own, in scikit-learn's manner: fitted models side by side."""
