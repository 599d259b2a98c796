"""Quantiles beside a predicted number: boosted trees for each, shifted so that intervals hold.

The shift is conformal (CQR; Romano, Patterson and Candès 2019), from rows that were held out in turn.
"""
