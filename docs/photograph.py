"""Takes the pictures of the README from a running demo: ``.venv/bin/python docs/photograph.py [http://localhost:8000]``."""

import json
import os
import shutil
import sys
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Page, sync_playwright

PICTURES = Path(__file__).parent / "pictures"


def main() -> None:
    """Photograph the picture page with three pictures chosen, and the demo page."""
    address = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000"
    with urlopen(f"{address}/demo.json") as answer:  # noqa: S310 - the demo that was named
        demo = json.load(answer)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        page = browser.new_page(viewport={"width": 1024, "height": 768}, locale="da-DK")
        page.emulate_media(reduced_motion="reduce")
        photograph_pictures(page, demo)
        page.set_viewport_size({"width": 1024, "height": 900})
        page.goto(f"{address}/demo?lang=en")
        page.screenshot(path=PICTURES / "demo.png")
        browser.close()


def photograph_pictures(page: Page, demo: dict[str, list[dict[str, object]]]) -> None:
    """Go from the learning service to the picture page as a pupil of 2.B, and choose three pictures."""
    pupil = next(person for person in demo["people"] if person["class"] == "2.B" and person["secret"])
    page.goto(str(demo["services"][0]["home"]))
    page.get_by_role("button", name="Log ind med Unilogin").or_(
        page.get_by_role("link", name="Log ind med Unilogin")
    ).first.click()
    page.click("button[name=selectedIdp][value=uni_idp]")
    page.fill("input[name=username]", str(pupil["username"]))
    page.click("button.button-primary")
    for picture in ("sol", "kat", "is"):
        page.click(f"button[name=picture][value={picture}]")
    page.mouse.move(0, 0)
    page.wait_for_timeout(400)
    page.screenshot(path=PICTURES / "pictures.png", full_page=True)


if __name__ == "__main__":
    main()
