"""What stands in Vault about connections, for a person: everything that is no secret."""
