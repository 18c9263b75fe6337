"""Hostile input in thousands of shapes: Markdown, words of mail headers, and what lies where files should be."""
