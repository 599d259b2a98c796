"""How others write down what a language model was asked: as OpenAI's API does, and as OpenTelemetry does.

Each turns its form into the items that `posted.span_of` reads.
"""
