"""What no table can say: how the records of some tools are taken apart, each in its own file."""
