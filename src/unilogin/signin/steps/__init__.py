"""The pages of the journey, one file a step: method, username, secret (password or pictures), role."""
