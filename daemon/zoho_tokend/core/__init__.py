"""What the product exists for: deciding, budgets, classification, never losing.

Pure: no asyncio, no clock, no randomness, no logging, no third-party package. Facts and ``now`` go in, values come out.
"""
