"""The webhook: it turns Alertmanager's deliveries into incidents and sends messages about them to people."""
