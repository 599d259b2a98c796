"""The data plane: HTTP/1.1 from bytes to bytes, on the bare protocol of the event loop.

    plane = Plane(application)
    await plane.open(listener)      # a socket that listens
    await plane.close(10)           # idle connections now, the others once they are answered

One `Connection` per client parses what comes (httptools) into `Exchange`s, which are answered one after
the other, in order: by the application if they knock at one of its doors, by the proxy if not.
"""

from keepwell.deployment.server.plane.limits import Patience
from keepwell.deployment.server.plane.serving import Plane

__all__ = ["Patience", "Plane"]
