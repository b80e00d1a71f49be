// On every page: a form is sent once, however often it is tapped; a form that only passes on sends itself.
"use strict";
(() => {
  const sent = new WeakSet();

  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.hasAttribute("data-again")) return; // what is only read may be asked for again
    if (sent.has(event.target)) event.preventDefault();
    else sent.add(event.target);
  });

  // The back button may bring this very page back to life: its forms may be sent again.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.forms) sent.delete(form);
  });

  const passing = document.querySelector("form[data-auto-submit]");
  // Through the prototype: a field of the service may be named "submit".
  if (passing) HTMLFormElement.prototype.submit.call(passing);
})();
