"""How good a model is on questions whose truth is known, and whether one is better than another."""
