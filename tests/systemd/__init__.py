"""The unit under a real systemd, booted for it: ``make systemd-test``."""
