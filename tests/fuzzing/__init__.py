"""Everything that parses foreign bytes, against bytes that a coverage-guided fuzzer makes up."""
