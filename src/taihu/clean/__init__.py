"""Typing by contract: text in, typed columns out, refused values named by code and place."""
