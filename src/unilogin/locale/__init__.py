"""The sentences of the interface: da/ and en/, one catalogue a room."""
