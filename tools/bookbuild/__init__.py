"""Builds the book: runs its chapters, stages their outputs, renders the site, and swaps it in."""
