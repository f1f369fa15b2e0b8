"""The cloud as constructs, one a file."""
