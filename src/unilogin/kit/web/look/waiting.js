// Waits for something that happens on another device: looks again every few seconds, unless the reader is busy here.
"use strict";
(() => {
  const waiting = document.querySelector("[data-waiting]");
  if (!waiting) return;
  const resting = () => (document.activeElement === document.body || document.activeElement === null) && !document.querySelector("input:checked, .pupil-more[open]") &&
    !document.querySelector("input[type=search]")?.value;
  setInterval(() => {
    if (!document.hidden && resting()) location.reload();
  }, 5000);
})();
