"""Adapters to AWS, the only place that knows boto3. A file is named after its service."""
