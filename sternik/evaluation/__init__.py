"""`sternik evaluate`: what to believe of a model, on text, on noise and on speech."""
