"""A version made again: its code, data, seeds and environment restored, its metric and answers compared.

What is repeated is the chosen candidate with its settings, as a program of its own, on the same version
of the data; not the race of candidates, whose length the clock decided.
"""

from keepwell.operations.reproduction.material import write_material
from keepwell.operations.reproduction.reproducing import Check, Reproduction, reproduce

__all__ = ["Check", "Reproduction", "reproduce", "write_material"]
