"""The operator's command line, `bin/sunledger`."""
