"""A training container of SageMaker -> the programs that do its job, and how each of them ended."""
