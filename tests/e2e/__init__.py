"""Stories told with a real browser against the whole system."""
