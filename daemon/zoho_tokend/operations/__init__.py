"""What a person starts: authorizing, importing, revoking and removing connections, and looking at them."""
