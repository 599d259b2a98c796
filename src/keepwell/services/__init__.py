"""Services that are ready made: nothing is trained, nothing is registered."""
