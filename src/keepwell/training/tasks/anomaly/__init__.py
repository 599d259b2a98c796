"""Odd rows: what is usual is learnt from all rows, and a row is told by how far it is from that.

Several detectors compete. Where some rows are known to be odd (`labels:`), the one that finds them best wins;
else the one that best tells true rows from made-up ones.
"""
