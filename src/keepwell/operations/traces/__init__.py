"""Traces of language models, looked after: scored, measured, held to limits, trimmed.

desk.look()      # what `keepwell up` does every ten seconds
"""
