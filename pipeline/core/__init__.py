"""The pure core: no clock, network, environment, logging, randomness or boto3. The same input gives the same output."""
