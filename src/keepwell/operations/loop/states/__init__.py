"""What to do next: one file per status of an incident, and `calm` for when there is none.

Each of those is a pure function `next_actions(view, now)`; `tick` picks it by the incident's status.
They share `settlement` (what to make of a retraining's result), `titles`, and `steering`, which leads
a running rollout by what `trials` finds.
"""
