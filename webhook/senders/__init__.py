"""Sends messages: one file per channel, each implementing `contract.Sender`; only `registry` knows them all."""
