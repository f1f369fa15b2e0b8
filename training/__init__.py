"""The model: data, training, evaluation, export. Also SageMaker's source_dir."""
