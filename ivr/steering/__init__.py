"""The domain: text, policy, endpointing, barge-in, dialogue and routing. No I/O, no clock."""
