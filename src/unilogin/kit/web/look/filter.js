// Shows of a long list what holds the letters that are typed. Without it the whole list is there.
"use strict";
(() => {
  const filter = document.querySelector("[data-filter]");
  if (!filter) return;
  const lines = [...document.getElementById(filter.dataset.filter).querySelectorAll(".line")];
  const field = filter.querySelector("input");
  const told = filter.querySelector("[role=status]");

  const show = () => {
    const wanted = field.value.trim().toLowerCase();
    let left = 0;
    for (const line of lines) {
      // Who is ticked stays in sight: what is not seen must not be sent along.
      const kept = line.querySelector(".line-name").textContent.toLowerCase().includes(wanted) || line.querySelector("input:checked");
      line.hidden = !kept;
      if (kept) left += 1;
    }
    told.textContent = left ? "" : filter.dataset.none;
  };

  filter.hidden = false;
  field.addEventListener("input", show);
  addEventListener("pageshow", show);
})();
