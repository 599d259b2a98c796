"""From events (who took what) to lists of what each user may want next.

Popularity is the baseline; items that go together and vectors in common (implicit feedback) each rank the
whole catalogue; a LightGBM ranker orders what they propose. Whichever does best on each user's last events
is kept.
"""
