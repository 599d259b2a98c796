"""Fitted models made smaller without a fit: fewer members of a vote, fewer trees of what boosts.

    parts = opened(pipeline)          # its members, and the curve that bends their answer
    for form in forms_of(parts):      # the lightest first
        smaller = form.built(parts)   # a pipeline of the same shape, ready to be compiled

Law: the form that keeps everything answers as the pipeline does.
"""

from keepwell.training.lighter.forms import Form, forms_of
from keepwell.training.lighter.parts import NotLighterError, Parts, opened

__all__ = ["Form", "NotLighterError", "Parts", "forms_of", "opened"]
