"""What the daemon shows over HTTP: probes, metrics, status. It only reads; nothing here can change anything."""
