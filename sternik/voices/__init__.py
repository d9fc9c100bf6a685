"""Voices: the prompts', the callers' of tests and demonstrations, and the music for those who wait."""
