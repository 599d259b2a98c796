"""Work that the control process hands to a process of its own."""
