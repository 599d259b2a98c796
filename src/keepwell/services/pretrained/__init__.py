"""Pretrained models, asked as they are: what a text says, who was meant, what a picture shows.

from keepwell.services.pretrained import ask

asked = ask("models/sentiment", ["what a film"])
asked.answers[0].output, asked.provenance.sha256
"""

from keepwell.services.pretrained.answers import Answer, Asked, Options, Provenance
from keepwell.services.pretrained.asking import ask, open_use
from keepwell.services.pretrained.uses import USES, Use

__all__ = ["USES", "Answer", "Asked", "Options", "Provenance", "Use", "ask", "open_use"]
