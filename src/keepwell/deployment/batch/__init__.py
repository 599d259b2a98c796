"""Files of rows answered by files of rows, in bounded memory.

    predict_file(scorer, Path("new.parquet"), Path("scored.csv"), version=3)   # 1,000,000

What the source held stays as it was; beside each row stand `prediction`, `probability_<class>` for each
class, `prediction_id` and `model_version`. The output is there whole or not at all.
"""

from keepwell.deployment.batch.predicting import predict_file

__all__ = ["predict_file"]
