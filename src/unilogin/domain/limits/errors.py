"""What can be wrong with addresses that somebody wants to register."""

from unilogin.kit.errors import UniloginError


class SiteRangeError(UniloginError):
    """No range of addresses that can be a school's; the sentence says why."""

    code = "site_range"
