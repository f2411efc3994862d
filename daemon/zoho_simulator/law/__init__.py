"""What Zoho does, as plain Python: no sockets, no clock, no event loop. A request and ``now`` go in, an answer comes out.

Every odd fact names the page that tells it. Where Zoho's pages are silent the docstring says *assumed*.
"""
