"""The machines that models are trained and served on, beside what the models do there.

Subjects of the series are `host:NAME`, `process:control`, `process:supervisor`, `process:JOB` and `worker:N`
(`sampler`), and `run:ID/machine` (`metering`). A container's limits are the limits: 100 % of the memory is
what may be used, not what the machine has (`allowance`). What a machine does not tell has no series.
"""
