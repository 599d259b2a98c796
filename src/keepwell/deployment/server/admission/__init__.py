"""Who is let in: no page of another site, and consumers by their tokens, for so much and no more."""
