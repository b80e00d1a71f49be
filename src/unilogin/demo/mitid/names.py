"""Names that whoever starts the simulator needs."""

SECRET_VARIABLE = "MITID_SIMULATOR_CLIENT_SECRET"  # noqa: S105 - the name of the variable, not a secret
CLIENT_ID = "unilogin"
ALIAS = "nemlogin3"
