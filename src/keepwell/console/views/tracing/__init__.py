"""Traces of language models: the list with its charts, and one as a waterfall."""
