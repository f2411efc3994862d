"""Writes every file under ``deploy/`` that has a source: ``make docs``."""

import sys

from deploy.monitoring.files import written

for path, text in written().items():
    path.write_text(text)
sys.stdout.write("The files for Prometheus and Grafana are up to date.\n")
