"""The rules of the product: decisions, budgets, classification of errors, and what must never be lost.

Pure: no asyncio, no clock, no randomness, no logging, no third-party package. Functions take facts and ``now``,
and return values.
"""
