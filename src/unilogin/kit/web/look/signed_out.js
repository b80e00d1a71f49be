// After signing out: goes back to the service when the others have been shown, and at the latest after a few seconds.
"use strict";
(() => {
  const back = document.querySelector("a[data-moves-on]");
  if (!back) return;
  const move = () => location.replace(back.href);
  // The page has loaded when all its frames have, whatever became of them.
  if (document.readyState === "complete") move();
  else addEventListener("load", move);
  setTimeout(move, 4000);
})();
