"""Our commands as processes of the machine, and what is seen of them from outside."""
