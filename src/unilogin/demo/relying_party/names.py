"""Names that whoever starts Regneriget needs."""

SECRET_VARIABLE = "REGNERIGET_CLIENT_SECRET"  # noqa: S105 - the name of the variable, not a secret
