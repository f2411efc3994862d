"""What Zoho does, as plain Python: a request and ``now`` go in, an answer comes out. No sockets, no clock, no loop.

Every odd fact names the page that tells it. Where Zoho's pages are silent the docstring says *assumed*.
"""
