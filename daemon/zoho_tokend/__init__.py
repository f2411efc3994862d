"""Keeps Zoho CRM access tokens fresh in HashiCorp Vault or OpenBao.

The map, top to bottom. Arrows point down only, and CI checks them:

    cli                     what a person types, one module a command
    demo                    the daemon, a real OpenBao and the simulator in one terminal
    app                     the only place that chooses adapters
    operations  doctor      what a person starts; the examination of a set-up
    engine                  the run loop, refreshes, discovery, background tasks
    vault  zoho  kubernetes  telemetry  web  settings   adapters: each knows the core alone
    core                    the decisions: pure, no clock, no I/O, no third party

``reader`` is what jobs import, and knows none of these.
"""

__version__ = "0.1.0"
