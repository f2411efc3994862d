"""Values for tests: each states only what matters to it, and every secret in them is invented."""
