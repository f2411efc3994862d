"""What is wrong with a set-up, and how it is mended: facts are gathered, and judged apart from that.

``judging`` is pure, one module an area: facts in, findings out. Nothing here changes anything, at Vault or at Zoho, and
no secret is sent anywhere but in the login at Vault.
"""
