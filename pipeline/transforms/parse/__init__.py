"""Text → fields. Each reads text of a bounded length in linear time; what it cannot read is a Rejection."""
