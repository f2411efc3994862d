"""Stand-ins with behaviour for what lies outside, held by tests/contract to what the real ones do."""
