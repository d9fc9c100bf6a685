"""Measurements that anyone can run: `make bench`. Figures are seen, never promised."""
