"""Files of rows answered by files of rows, in bounded memory.

    predict_file(scorer, "new.parquet", "scored.csv", options=Options(version=3)).rows   # 1,000,000

What the source held stays as it was; beside each row stand `prediction`, `probability_<class>` for each
class, `prediction_id` and `model_version`. The output is there whole or not at all, and a run that was
killed is gone on with by the next.
"""

from keepwell.deployment.batch.predicting import Options, Scored, predict_file

__all__ = ["Options", "Scored", "predict_file"]
