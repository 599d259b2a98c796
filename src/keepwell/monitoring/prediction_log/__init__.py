"""Every answered row, for ever: two Delta tables that SQL can query.

Workers append predictions to segment files (`infrastructure.segments`); a `Collector` moves them into the
table `predictions`, each exactly once; a `PredictionLog` reads them, joined with the table `outcomes`.

    Collector(tables, folder).collect()
    log = PredictionLog(tables)
    log.window("churn", rows=500)
    log.labelled("churn", since=yesterday)
"""

from keepwell.monitoring.prediction_log.collector import Collector
from keepwell.monitoring.prediction_log.log import Counts, PredictionLog
from keepwell.monitoring.prediction_log.trimming import Trimmer

__all__ = ["Collector", "Counts", "PredictionLog", "Trimmer"]
