"""The compiler's catalogue as the webhook reads it: its types, its file, its rotations and hours."""
