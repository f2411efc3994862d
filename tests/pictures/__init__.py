"""The pictures of README.md: ``make pictures`` takes them anew."""
