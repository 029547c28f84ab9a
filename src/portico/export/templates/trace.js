"use strict";
// Only highlights: a variable of the uwsgi packet and its bytes show each other.
(() => {
  const view = document.querySelector("[data-packet]");
  if (!view) return;
  const bytes = view.querySelector("[data-bytes]");
  let lit = [];

  const show = (found) => {
    for (const one of lit) one.classList.remove("lit");
    lit = found ? [...view.querySelectorAll(`[data-v="${Number(found.dataset.v)}"]`)] : [];
    for (const one of lit) one.classList.add("lit");
    if (found && bytes && !bytes.contains(found)) {
      const first = lit.find((one) => bytes.contains(one));
      if (first) bytes.scrollTop = first.closest("[data-row]").offsetTop - bytes.clientHeight / 3;
    }
  };

  for (const event of ["pointerover", "focusin"]) {
    view.addEventListener(event, (happened) => show(happened.target.closest("[data-v]")));
  }
  view.addEventListener("pointerleave", () => show(null));
})();
