"""Where a test takes place: a corner of a real Vault, a Zoho, and whoever works there."""
