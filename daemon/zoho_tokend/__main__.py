"""``python -m zoho_tokend``: the same as the command ``zoho-tokend``."""

from zoho_tokend.cli import main

main()
