"""The pages of Elevadgang: the way in, the classes, what is done for pupils, and what an administrator decides."""
