"""From a fitted pipeline to answers on a port.

`scoring` compiles a pipeline into plain data and proves the copy; `server` answers requests from it;
`endpoints`, `routing` and `rollouts` decide which version answers; `batch` scores files; `targets`
writes a version in forms that run elsewhere.
"""
