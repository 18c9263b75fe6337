"""Sends messages: one file for each channel, each implementing `contract.Sender`; `registry` finds them."""
