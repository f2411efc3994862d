"""Many connections at once, out of a file: read row by row, checked as the daemon would, and put into Vault.

No value of a row is ever told again, for columns get mixed up, and any of them may hold a secret.
"""
