"""The rules that a project declares: on what arrives, and on what is built."""
