"""The HTTP door of the control process: REST under `/api/v1`, feedback, readiness, metrics.

`app.create_app` composes it; whatever is registered under `keepwell.web` (the console) is mounted
behind it. Predictions are not answered here: the inference workers stand in front of this process and
pass on what is not theirs.
"""
