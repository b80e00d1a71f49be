"""The command line: what operators and vendors do with a Unilogin. In English; nothing here decides, rooms do."""
