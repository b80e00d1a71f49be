// How good a new password is, said while it is typed. Nothing leaves the page: it is a rough copy of what the server
// judges (domain/credentials/policy.py), with its words and rows of keys, but without names and the long lists.
"use strict";
for (const meter of document.querySelectorAll("[data-strength]")) {
  const input = document.getElementById(meter.dataset.strength);
  const text = meter.querySelector("p");
  const words = meter.dataset.words.split(" ");
  const common = new Set(meter.dataset.common.split(" "));
  const rows = meter.dataset.rows.split(" ").flatMap((row) => [row, [...row].reverse().join("")]);
  const alike = { å: "a", ø: "o", æ: "e", 0: "o", 1: "i", 3: "e", 4: "a", 5: "s", 7: "t", 8: "b", "@": "a", $: "s", "!": "i" };
  const pairs = { aa: "a", ae: "e", oe: "o" };

  // One spelling for foraar, forår and f0rår; each letter remembers which signs it stands for.
  function spelled(signs) {
    const letters = [];
    signs.forEach((sign, place) => {
      const letter = (alike[sign] ?? sign).normalize("NFKD")[0];
      if (!/[a-z0-9]/.test(letter)) return;
      const last = letters.at(-1);
      const one = last && pairs[last.letter + letter];
      if (one) letters.splice(-1, 1, { letter: one, start: last.start, end: place + 1 });
      else letters.push({ letter, start: place, end: place + 1 });
    });
    return letters;
  }

  function* finds(signs) {
    const small = signs.join("");
    const letters = spelled(signs);
    const written = letters.map(({ letter }) => letter).join("");
    for (const word of words)
      for (let at = written.indexOf(word); at >= 0; at = written.indexOf(word, at + 1))
        yield [letters[at].start, letters[at + word.length - 1].end];
    const whole = signs.findIndex((sign) => /\p{L}/u.test(sign));
    const end = signs.findLastIndex((sign) => /\p{L}/u.test(sign)) + 1;
    const core = (some) => spelled(some).map(({ letter }) => letter).join("");
    if (common.has(core(signs))) yield [0, signs.length];
    else if (whole >= 0 && common.has(core(signs.slice(whole, end)))) yield [whole, end];
    for (let start = 0; start < small.length; start++) {
      let length = 4;
      const inRow = () => start + length <= small.length && rows.some((row) => row.includes(small.slice(start, start + length)));
      for (; inRow(); length++) yield [start, start + length];
    }
    for (const found of small.matchAll(/(.)\1\1+|(?<!\d)(19|20)\d\d(?!\d)/gs))
      yield [found.index, found.index + found[0].length];
    for (let length = 1; length <= small.length / 2; length++)
      if (small === small.slice(0, length).repeat(small.length).slice(0, small.length)) yield [length, small.length];
  }

  function level(typed) {
    const signs = Array.from(typed.normalize("NFC"));
    const small = signs.map((sign) => sign.toLowerCase());
    if (signs.length < 8) return "short";
    const known = new Set();
    for (const [start, end] of finds(small)) for (let place = start; place < end; place++) known.add(place);
    const left = signs.filter((_, place) => !known.has(place));
    const counting = left.filter((sign) => /[\p{L}\p{N}]/u.test(sign)).length;
    const few = known.size && counting + Math.min(2, left.length - counting) < 6;
    if (few || new Set(small).size < 4) return "weak";
    const worth = (sign) => (/\p{Ll}/u.test(sign) ? 2.5 : /\s/.test(sign) ? 1 : 3.3);
    const bits = signs.reduce((sum, sign, place) => sum + (known.has(place) || sign === signs[place - 1] ? 0 : worth(sign)), 0);
    return bits < 30 ? "fair" : bits < 45 ? "good" : "strong";
  }

  function say() {
    meter.hidden = !input.value;
    meter.dataset.level = input.value && level(input.value);
    const said = meter.dataset[meter.dataset.level] ?? "";
    if (text.textContent !== said) text.textContent = said;
  }

  input.addEventListener("input", say);
  say();
}
