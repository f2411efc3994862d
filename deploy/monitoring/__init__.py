"""What is shipped for Prometheus and Grafana and is written from a source: ``make docs`` writes it, tests compare."""
