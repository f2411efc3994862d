"""What this process does among its replicas."""

from zoho_tokend.core.facts import DaemonFacts


def role(daemon: DaemonFacts) -> str:
    """In a word or two, for the top and the foot of the page."""
    return "leader" if daemon.leader else "standby"


def election(daemon: DaemonFacts) -> str:
    """Who works in its place while it stands by, and on which share; empty where there is nothing to tell."""
    leader = "" if daemon.leader else f"{daemon.holder or 'nobody'} leads"
    shard = "" if daemon.shard.of == 1 else f"shard {daemon.shard.number} of {daemon.shard.of}, counted from 0"
    return "; ".join(filter(None, (leader, shard)))
