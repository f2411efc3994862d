"""What listens on loopback: real servers, and ones of our own that are as strict as those they stand for."""
