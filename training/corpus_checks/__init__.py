"""What is wrong with a corpus before anybody trains on it.

Apart from `training/*.py`, whose sources decide what training makes: a change here trains nothing anew.
"""
