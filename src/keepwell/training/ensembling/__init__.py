"""Several models in one: which ones, by what they said about rows that were held out; and how they vote.

After R. Caruana, A. Niculescu-Mizil, G. Crew, A. Ksikes: Ensemble Selection from Libraries of Models
(ICML 2004).
"""

from keepwell.training.ensembling.combining import combined
from keepwell.training.ensembling.selection import Ensemble, select

__all__ = ["Ensemble", "combined", "select"]
