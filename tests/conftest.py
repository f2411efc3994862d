"""What every test may ask for."""

import asyncio

# pytest-asyncio asks for a current event loop before its first test, and never closes the one that Python then makes.
asyncio.set_event_loop(None)

pytest_plugins = ["tests.openbao", "tests.site"]
