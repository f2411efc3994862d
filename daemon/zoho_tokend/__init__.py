"""Keeps Zoho CRM access tokens fresh in HashiCorp Vault or OpenBao.

The map of the house, top to bottom; arrows point down only, and CI checks them:

    cli         what a person types, one module a command group
    app         composition root: builds everything once
    runner      inbox, clockwork, run loop, stop
    consent  doctor  importing  revoking      what a person starts, beside the runner
    refresher   one refresh from decision to record;  discovery: which connections exist
    zoho  vault  kubernetes  telemetry  web  settings   each knows the core alone; each library has one home
    core        the decisions: pure, no clock, no I/O, no third party
"""

__version__ = "0.1.0"
