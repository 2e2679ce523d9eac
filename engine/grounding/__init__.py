"""The grounding network, its weights and the backbones that run it."""
