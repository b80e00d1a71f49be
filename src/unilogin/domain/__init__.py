"""What is true of people, schools, services and secrets, whatever page or protocol asks."""
