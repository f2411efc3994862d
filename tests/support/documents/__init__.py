"""The pages and files that ship, taken apart, so that a test can hold them to the code."""
