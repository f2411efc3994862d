"""How the daemon grows: the same measurements at fleets of every size, and what people run in its place."""
