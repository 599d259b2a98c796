"""Recommending: arrays that training fills and serving reads, and the one way both rank by.

NumPy only. What a user did is kept item by item; how items go together is a short list per item; what they
have in common is a vector per item. A user's own vector is worked out when the user asks, so that what came
after training counts too.
"""

from keepwell.features.recommendation.arrays import Catalogue, History
from keepwell.features.recommendation.recommender import Recommendation, Recommender

__all__ = ["Catalogue", "History", "Recommendation", "Recommender"]
