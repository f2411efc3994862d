"""Vault, or OpenBao: where credentials are read and token records are written.

Top to bottom:

    store       the two ports of the core, carried out over KV v2
    session     one live login: renewed, replaced before its end, revoked when the daemon stops
    auth        six ways to log in;  wrapping, secret_file: where their secrets come from
    door        the only way in from asyncio: a few threads, one ``line`` each
    line        hvac, and one request at a time
    answer  codec  config  document  layout  lease  request   pure: no network, no clock

hvac and requests are known to ``line`` alone; none of their exceptions leaves it.
"""
