"""How odd a row is: detectors made of arrays, which training fits and serving reads.

Each is a pair of functions in a file of its own: `fit` returns arrays, `scores` returns a number per row from
them, the higher the odder. NumPy only, so a row is answered without scikit-learn.
"""
