"""The model version that serves, and what is said in its name."""
