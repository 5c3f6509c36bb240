"""Generators of bad files that know the truth: polluted texts, hostile files of all kinds, short texts in odd encodings."""
