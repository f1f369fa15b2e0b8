"""All that the functions keep, send and read: the only package that talks to AWS."""
