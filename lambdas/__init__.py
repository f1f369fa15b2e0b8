"""The functions in the cloud, one a file, named by what they do."""
