"""Tables: a network of layers over prepared columns."""
