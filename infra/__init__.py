"""The cloud as one CDK app: stacks split by whether data is lost when they go."""
