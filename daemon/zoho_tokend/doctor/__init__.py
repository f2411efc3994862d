"""What is wrong with a set-up, and the fix. Gathering facts and judging them are apart.

The ``*_checks`` are pure: facts in, findings out. Nothing here changes anything, at Vault or at Zoho, and no secret is
sent anywhere but in the login at Vault.
"""
