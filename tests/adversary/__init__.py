"""What somebody with a key, a wrong clock or a lost file must not be able to do."""
