"""What breaks around the daemon, on real parts, and what the jobs that read its tokens notice of it."""
