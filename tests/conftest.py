"""What every test may ask for."""

import asyncio

import hypothesis

# A shared machine may stall for a second; how long an example takes is no property of ours.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

# pytest-asyncio asks for a current event loop before its first test, and never closes the one that Python then makes.
asyncio.set_event_loop(None)

pytest_plugins = ["tests.openbao", "tests.site"]
