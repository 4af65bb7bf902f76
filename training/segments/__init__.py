"""Users grouped: which groupings hold, and what each group is like."""
