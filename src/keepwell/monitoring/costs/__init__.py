"""What the machines cost: what was used, times the prices that the project states.

Use is measured (`monitoring.machines`); prices are `costs:` in the project file, applied when
somebody asks, so that another price tells another cost of the same use.
What is shared by a rule, or estimated, is said.
"""
