"""README.md says what the code says."""

from tests.generated_docs import README, renewed


def test_the_generated_tables_of_the_readme_are_those_of_the_code() -> None:
    text = README.read_text()
    assert renewed(text) == text, "run `make docs`"
