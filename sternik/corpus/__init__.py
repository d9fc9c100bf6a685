"""`sternik corpus`: look at what Sternik is trained on, and bring in more of it."""
