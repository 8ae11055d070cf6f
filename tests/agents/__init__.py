"""The agents under Faust's own test context."""
