"""The apps around the sign-in: what people see when they are not on their way in."""
