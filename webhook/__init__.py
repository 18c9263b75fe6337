"""The webhook: what Alertmanager tells becomes incidents, and incidents become messages to people."""
