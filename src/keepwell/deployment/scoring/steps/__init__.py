"""One file per transformer, each under the law of `scoring.parts`: compiled equals original."""
