"""Searching better item settings than those in force, on earlier windows only."""
