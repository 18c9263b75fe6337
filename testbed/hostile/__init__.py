"""Try hostile input in thousands of shapes: Markdown, pieces of mail headers, and links or devices instead of files."""
