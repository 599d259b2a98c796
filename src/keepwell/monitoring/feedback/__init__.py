"""Outcomes: what turned out to be true, joined to the prediction that it belongs to.

    feedback.record("churn", [{"prediction_id": "01J9ZK…", "outcome": "Yes"}])
    feedback.record("churn", [{"key": "7590-VHVEG", "outcome": "Yes", "time": 1800000000}])

By key, an outcome belongs to the latest prediction of that key before the outcome's time. The first
outcome of a prediction counts; a later one is a duplicate. Posts that arrive together are written together.
"""

from keepwell.monitoring.feedback.recording import Feedback, FeedbackCounts

__all__ = ["Feedback", "FeedbackCounts"]
