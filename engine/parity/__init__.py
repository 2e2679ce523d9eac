"""Proof that the engine computes what the published research code computes: golden inputs and outputs, row by row."""
