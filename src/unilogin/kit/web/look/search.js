// Finds people while their name is typed. Without it the form is sent by its button.
"use strict";
(() => {
  const form = document.querySelector("form[data-search]");
  const found = form && document.getElementById(form.dataset.search);
  if (!found || typeof fetch !== "function") return;
  const field = form.elements.q;
  const list = found.querySelector("ul");
  const told = found.querySelector("[role=status]");
  const mould = document.getElementById("found-line").content;
  let pause, asked;

  const line = ({ id, name, where, url, may }) => {
    const item = mould.cloneNode(true);
    item.querySelector("bdi").textContent = name;
    item.querySelector(".line-note").textContent = where;
    for (const words of item.querySelectorAll(".sr")) words.textContent = ` ${name}`;
    const give = item.querySelector("form");
    give.action = `${url}/ny-adgangskode`;
    give.elements.one.value = id;
    if (!may) give.remove();
    item.querySelector("a").href = `${url}#p-${id}`;
    return item;
  };

  const show = (people) => {
    found.hidden = false;
    list.replaceChildren(...people.map(line));
    told.textContent = people.length ? form.dataset.some.replace("{count}", people.length) : form.dataset.none;
  };

  const ask = async () => {
    asked?.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new URLSearchParams({ csrf: form.elements.csrf.value, q: field.value }),
        headers: { accept: "application/json" },
        signal: asked.signal,
      });
      if (answer.ok) show(await answer.json());
    } catch {
      // overtaken by the next letter, or no network: the button is still there
    }
  };

  field.addEventListener("input", () => {
    clearTimeout(pause);
    if (field.value.trim().length < 2) {
      asked?.abort();
      found.hidden = true;
    } else pause = setTimeout(ask, 200);
  });
})();
