"""A small simulated world in which a model is trained, served, breaks and heals, while one watches.

`world` is the simulation and knows nothing of machine learning; `traffic` sends it through the real
endpoint; `ledger` keeps score; `story` plays the scenes; `screen` and `plain` show them.
"""
