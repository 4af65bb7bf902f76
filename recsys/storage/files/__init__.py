"""Files that people write by hand: configuration, named cohorts."""
