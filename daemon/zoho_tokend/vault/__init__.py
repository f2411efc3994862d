"""Vault, or OpenBao: where credentials are read and token records are written.

Top to bottom:

    store, targets, reports, registry   the records, by what they are for;  inspection: facts about Vault itself
    kv                                  KV v2 records, read and written with CAS
    session                             one login: renewed, replaced before it ends, revoked when the daemon stops
    pool, auth                          a few threads with one client each;  the ways to log in
    client                              hvac, one request at a time, with time-outs
    codec, registration_codec, record_fields, layout, policy, request, response, renewal    pure: no network, no clock

hvac and requests are imported by ``client`` and ``deadline`` alone; none of their exceptions leaves this package.
"""
