"""What people do with incidents, what surrounds them, and what all of them together say.

The loop opens and closes incidents (`operations.loop`); here they are taken on, noted upon, told with what
changed around them, and counted.
"""
