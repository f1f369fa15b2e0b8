"""The loop on this machine, from a model that lacks a class to one that has it on every camera."""
