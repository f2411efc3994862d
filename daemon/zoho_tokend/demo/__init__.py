"""The embedded default: the daemon, a real OpenBao server and a Zoho that runs on loopback, live in one terminal."""
