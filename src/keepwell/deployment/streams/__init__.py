"""A model attached to a stream of events: each is answered as it comes.

    attach(lambda: (scorer, 3), open_events("events.jsonl"), open_answers("answers.jsonl"))

Law: an event counts as done once its answer is on the output. Whatever kills the process, the next one
begins with the first event that is not done: none is left out, and one may be answered again, by the same
prediction id. Into a file it is not even that: what was answered twice is cut off.
"""

from keepwell.deployment.streams.attaching import Attached, attach
from keepwell.deployment.streams.opening import open_stream

__all__ = ["Attached", "attach", "open_stream"]
