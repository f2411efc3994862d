"""Two readers of the events: one writes log lines, the other counts for Prometheus."""
