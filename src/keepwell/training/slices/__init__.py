"""Where a model fails: parts of the rows, by one or two columns, that it is clearly worse on.

    found = worst_slices(table, signature, actual, predicted)
    found.slices[0].words
    # "where `Contract` is Month-to-month (812 rows), accuracy is 0.61; 0.79 elsewhere"

After Chung et al., *Slice Finder: Automated Data Slicing for Model Validation* (ICDE 2019): every part of
enough rows is compared with all other rows, few conditions before many; the share of false findings is
held at 5% by the procedure of Benjamini and Hochberg (1995).
"""

from keepwell.training.slices.finder import Found, worst_slices

__all__ = ["Found", "worst_slices"]
