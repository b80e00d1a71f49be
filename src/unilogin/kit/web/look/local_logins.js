// Filters the list of local logins while one types. Every word typed must be found, in any order.
"use strict";
(() => {
  const filter = document.getElementById("filter");
  const found = document.getElementById("found");
  if (!filter) return;
  const help = found.textContent;
  const rows = [...document.querySelectorAll("#idp-list > li")].map((row) => [row, row.textContent.toLowerCase()]);

  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const [row, name] of rows) {
      row.hidden = !words.every((word) => name.includes(word));
      if (!row.hidden) count += 1;
    }
    const text = count === 0 ? found.dataset.none : count === 1 ? found.dataset.one : found.dataset.many;
    found.textContent = words.length ? text.replace("{number}", count) : help;
  });
})();
