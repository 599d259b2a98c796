"""Answers on a port: workers in front, the control process behind them.

    supervisor = Supervisor(home, "127.0.0.1", 4400, workers=2, control_socket=home / "run/control.sock")
    supervisor.start()                          # BusyError names whoever has the port
    generation = publish_routes(home, endpoints, registry.get, blobs=str(home / "blobs"))
    supervisor.wait_for(generation, timeout=10) # every worker answers by the new routes
    supervisor.stop()                           # in-flight requests are finished first

A *supervisor process* owns the listening socket and keeps N *workers* alive. A worker answers
`POST /endpoints/NAME/predict` from memory, logs each row before its answer leaves, and hands every other
path to the *control process* over a Unix socket. Killing the control process stops pages, not
predictions; a new control process finds the supervisor that runs and takes it over.
An endpoint may have workers of its own (`pools`).
"""

from keepwell.deployment.server.heartbeat import BUCKETS_MS, WorkerState
from keepwell.deployment.server.routes import publish_routes
from keepwell.deployment.server.supervisor import Supervisor

__all__ = ["BUCKETS_MS", "Supervisor", "WorkerState", "publish_routes"]
