"""Reading media: pictures, clips, sounds, and what the model sees of them."""
