"""HTTP: the signed messages of wsaIMPORT 8 with their description, and plain uploads."""
