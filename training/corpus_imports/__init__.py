"""Sentences from elsewhere, made into corpus files.

Apart from `training/*.py`, whose sources decide what training makes: a change here trains nothing anew.
"""
