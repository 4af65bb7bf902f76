"""Buying and leaving as processes: BG/NBD, Gamma-Gamma, sBG."""
