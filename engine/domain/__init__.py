"""Frozen values every room understands; plain Python and msgspec, nothing else."""
