"""What the daemon does: the run loop, refreshes, and the background tasks beside them; knows the core alone."""
