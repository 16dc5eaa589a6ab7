"""Many replications over many processes or machines, which lose nothing when one is killed."""
