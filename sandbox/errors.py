"""What can go wrong with the sandbox itself, as distinct from what it finds wrong with the pipeline."""


class SandboxError(Exception):
    """The sandbox cannot be set up or does not settle; the message says what to do."""
