"""Accumulators: what is known of a column after any number of rows, in a few hundred bytes.

    layout = Layout.of(profile, names)
    block = layout.block()
    block.add({"age": column})          # in batches, beside the request path
    block.merge(of_another_worker)
    block.counted()                     # as if the rows were still there

An accumulator is sums: of rows, of powers, of neighbours' products, of values in the bins that the training
profile has. So the accumulators of two workers, hours or days are merged by adding them, and a merge of parts
says what the whole would have said (but for the pair of rows at each seam).
"""

from keepwell.monitoring.sketches.blocks import Block, Layout

__all__ = ["Block", "Layout"]
