// The picture page without reloads. The choice lives in this page only: in no storage, and gone when the page is left.
"use strict";
(() => {
  const form = document.querySelector("form[data-pictures]");
  const tray = form.querySelector(".places");
  const places = [...form.querySelectorAll(".place")];
  const blocks = [...form.querySelectorAll(".picture")];
  const count = form.querySelector(".count");
  const next = form.querySelector("button[name=next]");
  const block = (id) => blocks.find((candidate) => candidate.value === id);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  function put(place, id) {
    const number = places.indexOf(place) + 1;
    place.querySelector("img")?.remove();
    place.disabled = !id;
    if (id) {
      const image = block(id).querySelector("img").cloneNode();
      place.prepend(image);
      place.dataset.picture = id;
      place.setAttribute("aria-label", fill(tray.dataset.filled, { place: number, word: block(id).getAttribute("aria-label") }));
    } else {
      delete place.dataset.picture;
      place.setAttribute("aria-label", fill(tray.dataset.empty, { place: number }));
    }
  }

  function tell() {
    const open = places.find((place) => !place.dataset.picture);
    const chosen = places.filter((place) => place.dataset.picture).length;
    for (const place of places) place.classList.toggle("place-next", place === open);
    next.disabled = Boolean(open);
    const { none, some, full } = count.dataset;
    count.textContent = !open ? full : chosen ? fill(some, { chosen }) : none;
  }

  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button || button === next) return;
    event.preventDefault();
    if (button.name === "picture") {
      const open = places.find((place) => !place.dataset.picture);
      if (open) put(open, button.value);
    } else {
      const home = block(button.dataset.picture);
      put(button, "");
      // An empty place cannot hold the focus: give it to the picture, which is back where it came from.
      if (event.detail === 0) home.focus();
    }
    tell();
  });

  // Arrow keys walk the grid, beside the tab key.
  form.addEventListener("keydown", (event) => {
    const at = blocks.indexOf(event.target);
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -4, ArrowDown: 4 }[event.key];
    if (at < 0 || !step || !blocks[at + step]) return;
    event.preventDefault();
    blocks[at + step].focus();
  });

  form.addEventListener("submit", () => {
    form.elements.pictures.value = places.map((place) => place.dataset.picture).join(",");
  });

  addEventListener("pagehide", () => {
    form.elements.pictures.value = "";
    form.elements.chosen.value = "";
    for (const place of places) put(place, "");
    tell();
  });
})();
