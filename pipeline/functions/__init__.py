"""The Lambda functions, one file each and a few lines long."""
