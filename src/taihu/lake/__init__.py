"""Where bytes and tables are kept: sealed objects and Delta tables."""
