"""Clocks: one moved by hand, one of the event loop's, and the real one."""
