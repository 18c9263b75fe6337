"""What mails and pages look like."""
