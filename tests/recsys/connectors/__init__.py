"""Tools of others, by table."""
