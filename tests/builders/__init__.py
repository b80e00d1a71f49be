"""Make what tests need, one sentence each."""
