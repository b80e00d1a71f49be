// A live board: changes come by themselves, a tap helps without leaving the page, and nobody's card moves under a thumb.
"use strict";
(() => {
  const board = document.getElementById("board");
  if (!board) return;
  const [news, lost, summary] = ["news", "lost", "summary"].map((id) => document.getElementById(id));
  const seats = new Map([...board.children].map((seat) => [seat.id.slice(2), seat]));
  const part = (seat, name) => seat.querySelector(`.seat-${name}`);
  let ahead = Number(board.dataset.now) - Date.now() / 1000; // so much the server's clock is ahead of ours
  let touched = 0;
  let plainly = null;

  for (const what of ["pointerdown", "pointermove", "keydown", "wheel", "touchmove"]) {
    addEventListener(what, () => { touched = Date.now(); }, { passive: true });
  }
  const resting = () => Date.now() - touched > 3000 && !board.querySelector(":focus-visible");

  const arrange = () => {
    const order = (seat) => [Number(seat.dataset.rank), Number(seat.dataset.place)];
    const wanted = [...seats.values()].sort((one, other) => {
      const [a, b] = [order(one), order(other)];
      return a[0] - b[0] || a[1] - b[1];
    });
    wanted.forEach((seat, place) => {
      if (board.children[place] !== seat) board.insertBefore(seat, board.children[place]);
    });
  };

  const count = () => {
    for (const seat of seats.values()) {
      const left = seat.dataset.until ? Math.floor(seat.dataset.until - ahead - Date.now() / 1000) : 0;
      const text = left > 0 ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` : "";
      if (part(seat, "left").textContent !== text) part(seat, "left").textContent = text;
    }
  };

  const said = [];
  const say = () => {
    if (said.length) news.textContent = said.splice(0).join(". ");
  };

  const show = (card) => {
    const seat = seats.get(card.id);
    const focused = seat.contains(document.activeElement);
    if (seat.dataset.state !== card.state) {
      said.push(`${part(seat, "name").textContent}: ${card.word}`);
      seat.classList.remove("seat-new");
      requestAnimationFrame(() => seat.classList.add("seat-new"));
    }
    Object.assign(seat.dataset, { state: card.state, rank: card.rank, until: card.until ?? "" });
    part(seat, "sign").firstElementChild.setAttribute("href", `#sign-${card.state}`);
    part(seat, "word").textContent = card.word;
    part(seat, "note").textContent = card.note;
    seat.querySelector("input[name=request]").value = card.request;
    for (const tap of seat.querySelectorAll("[data-tap]")) {
      tap.hidden = !card.taps.includes(tap.dataset.tap);
      tap.disabled = false;
    }
    if (focused && document.activeElement.closest("[hidden]")) {
      (seat.querySelector("[data-tap]:not([hidden])") ?? part(seat, "name")).focus();
    }
  };

  board.addEventListener("submit", async (event) => {
    const tap = event.submitter;
    if (!tap || tap === plainly || tap.dataset.tap === "username") return; // a page of its own
    event.preventDefault();
    const fields = new URLSearchParams(new FormData(event.target));
    if (tap.name) fields.set(tap.name, tap.value);
    tap.disabled = true;
    setTimeout(() => { tap.disabled = false; }, 3000);
    const answer = await fetch(tap.formAction, { method: "POST", body: fields, redirect: "manual" }).catch(() => null);
    if (answer === null) lost.hidden = false;
    else if (answer.type !== "opaqueredirect") { // it says what is the matter, on a page of its own
      plainly = tap;
      tap.disabled = false;
      event.target.requestSubmit(tap);
    }
  });

  // Asks for the page anew as soon as the server answers: it begins again, or says why not.
  const again = async () => {
    const answer = await fetch(location.href, { redirect: "manual" }).catch(() => null);
    if (answer && answer.status < 500) location.reload();
    else setTimeout(again, 5000);
  };

  let source = null;
  let silent = 0;
  const follow = () => {
    source = new EventSource(board.dataset.live);
    source.addEventListener("open", () => {
      clearTimeout(silent);
      lost.hidden = true;
    });
    source.addEventListener("over", () => {
      source.close();
      location.reload();
    });
    source.addEventListener("cards", (event) => {
      const told = JSON.parse(event.data);
      if (told.cards.some((card) => !seats.has(card.id))) {
        location.reload();
        return;
      }
      ahead = told.now - Date.now() / 1000;
      told.cards.forEach(show);
      summary.textContent = told.summary;
      count();
    });
    source.addEventListener("error", () => {
      clearTimeout(silent);
      silent = setTimeout(() => { lost.hidden = false; }, 4000);
      if (source.readyState === EventSource.CLOSED) setTimeout(again, 5000);
    });
  };

  follow();
  count();
  setInterval(() => {
    count();
    if (resting()) arrange();
  }, 1000);
  setInterval(() => say(), 2000);
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
})();
