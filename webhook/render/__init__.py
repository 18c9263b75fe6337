"""What a person reads: `message` composes it once, the other modules lay it out for a channel."""
