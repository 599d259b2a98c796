"""What it costs to watch a machine."""
