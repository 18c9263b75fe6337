"""Where messages go: one file a channel behind `contract.Sender`, all of them known to `registry` only."""
