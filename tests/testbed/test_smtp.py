import smtplib
from email.message import EmailMessage

import pytest

from testbed.patience import PATIENCE_SECONDS
from testbed.smtp import Mailbox


def _send(mailbox: Mailbox, subject: str = "Critical: errors") -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "tocsin@example.com", "devops@example.com", subject
    message.set_content("Look at the pods — now.\n")
    message.add_alternative("<p>Look at the pods — now.</p>", subtype="html")
    host, _, port = mailbox.smarthost.partition(":")
    with smtplib.SMTP(host, int(port), timeout=PATIENCE_SECONDS) as client:
        client.send_message(message)


def test_a_message_is_kept_parsed(mailbox: Mailbox) -> None:
    """Envelope, subject and plain text can be asked for."""
    _send(mailbox, "Kritisch: Fehlerquote über 5 %")
    mail = mailbox.await_mail(lambda mail: "über" in mail.subject)
    assert (mail.recipients, mail.text) == (("devops@example.com",), "Look at the pods — now.\n")
    assert "Look at the pods — now." in mail.draw()


def test_a_refused_message_is_not_kept_and_the_next_one_is(mailbox: Mailbox) -> None:
    """A failure lasts for as many messages as a test asks."""
    mailbox.fail("451 try again later")
    with pytest.raises(smtplib.SMTPDataError) as refused:
        _send(mailbox)
    assert refused.value.smtp_code == 451
    assert not mailbox.mails
    _send(mailbox)
    assert len(mailbox.mails) == 1
