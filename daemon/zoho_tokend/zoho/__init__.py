"""Zoho's accounts servers: which there are, the requests to them and what their answers mean.

The only home of httpx in the daemon; none of its exceptions leaves this folder.
"""
