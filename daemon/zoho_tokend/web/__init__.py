"""What the daemon serves over HTTP: probes, metrics, status. It is read-only."""
