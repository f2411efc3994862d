"""The law on loopback: sockets, Starlette and uvicorn, and nothing that decides."""
