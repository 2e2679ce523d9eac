"""Everything that works without a window: annotations, their storage, media, the model, its training."""
