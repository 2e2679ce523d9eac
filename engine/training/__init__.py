"""Three stages of training, one loop."""
