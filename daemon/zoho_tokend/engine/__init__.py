"""The engine: the run loop, refreshes, and the background tasks beside them; it imports the core alone."""
