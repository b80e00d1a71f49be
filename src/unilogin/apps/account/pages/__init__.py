"""The pages of Mit Unilogin, one file a section."""
