"""The contract: what edge, cloud, training and infra agree on. Pydantic and the standard library only."""
