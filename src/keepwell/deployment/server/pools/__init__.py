"""Workers of one endpoint alone, and how the others hand its requests to them.

A *pool* is a number of workers that load the models of one endpoint only. Each listens on a Unix socket of
its own. The general workers own the port; a request that is scored for such an endpoint is handed, as it
came, to the worker of its pool that has the least to do. One that is dead, stuck or about to end is gone
round; where nobody of the pool is left, the general worker answers by itself.
"""
