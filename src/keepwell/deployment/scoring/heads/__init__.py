"""One file per kind of estimator, each under the law of `scoring.parts`: compiled equals original."""
