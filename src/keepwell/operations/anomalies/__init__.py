"""What is unusual in a series of measurements, without a word of configuration.

    detector = SeriesDetector()
    for time, value in points:
        score = detector.update(time, value)
        if score.anomaly: ...

A *view* turns each value into one number, how odd the value looks in its way: against the last hours,
against the long run, against the same time of earlier days, against the last value. How odd that is for
this very series says its own past: a *surprise* of 3 is reached by chance once in a thousand values. The
views were chosen by measurement, see `docs/reference/anomalies.md`.
"""

from keepwell.operations.anomalies.detector import Score, SeriesDetector

__all__ = ["Score", "SeriesDetector"]
