"""The Chromium of this machine, in the order ``make test`` looks for it."""

import shutil
from pathlib import Path

_SWITCHED_OFF = (
    # The list under the address bar, which nobody sees: a page of its own for each window, half of what one costs.
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup"),
    # What Playwright switches off that matters here: this list takes the place of its own.
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable"),
    *("HttpsUpgrades", "MediaRouter", "NetworkTimeServiceQuerying", "OptimizationHints", "PaintHolding"),
    *("PreconnectToSearch", "ThirdPartyStoragePartitioning"),
    "SpareRendererForSitePerProcess",  # a process kept for the next site: most windows here see one
)
QUIET = [
    *("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    f"--disable-features={','.join(_SWITCHED_OFF)}",
]


def chromium_path() -> str | None:
    """Return where it is; None for Playwright's own."""
    for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path and "/snap/" not in str(Path(path).resolve()):
            return path
    return None
