"""Boosters of the extra `boost`: XGBoost and CatBoost."""
