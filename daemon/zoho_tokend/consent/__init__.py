"""From a grant that a person has just given to a connection that lives: kept, proved, and nothing lost on the way.

The use cases know the core alone; what Zoho, Vault and the person's terminal do for them comes in as arguments.
"""
