"""What machines speak. Protocols start journeys and take their results; they do not know each other."""
