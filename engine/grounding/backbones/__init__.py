"""What runs the language model: one module per way, behind `engine.grounding.backbone.Runner`."""
