"""Every moment at which a process can die in the middle of its work, found by counting and not by a list."""
