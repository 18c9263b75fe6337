"""The texts that people read: `message` composes them once, and the other modules lay them out for each channel."""
