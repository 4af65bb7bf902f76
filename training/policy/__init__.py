"""A policy learnt from any randomised log: which arm for whom, at what cost."""
