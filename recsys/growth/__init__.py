"""What leads the North Star: who comes, comes back and stays, how often, how much, how easily.

All stand on one table of who did what on which day, and mean what the field means by the words.
"""
