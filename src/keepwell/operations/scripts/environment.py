"""How a script learns which run it belongs to."""

RUN = "KEEPWELL_RUN"  # the run's id
PROJECT = "KEEPWELL_PROJECT"  # the project's folder
