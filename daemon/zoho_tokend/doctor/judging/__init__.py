"""From facts to findings; pure, one module an area."""
