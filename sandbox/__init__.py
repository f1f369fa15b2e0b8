"""A fab and its cloud on one machine."""
