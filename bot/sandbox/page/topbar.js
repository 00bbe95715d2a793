/** The bar above the phones: the clinic, the clock and the steps it can take, what to try first. */

import { element } from "./dom.js";
import { dateInWords, shortly, timeOfDay } from "./time.js";

const byId = (id) => document.getElementById(id);
const roomy = window.matchMedia("(min-width: 1200px)");

export function showTopBar({ now, zone, clinic, next_event: next, hint }) {
  document.title = `${clinic} · try it`;
  byId("clinic").textContent = clinic;
  byId("clock").dateTime = now;
  byId("clock-time").textContent = timeOfDay(now, zone);
  byId("clock-date").textContent = dateInWords(now, zone);
  byId("next-hint").textContent = next ? shortly(next, now, zone) : "none planned";
  showHints(hint);
}

function showHints(sentences) {
  const list = byId("hint-list");
  const drawn = JSON.stringify(sentences);
  if (list.dataset.drawn === drawn) return;
  list.dataset.drawn = drawn;
  list.replaceChildren(...sentences.map((sentence) => element("li", {}, sentence)));
}

/** `move(step)` moves the clock and returns when the page shows it; meanwhile the buttons are busy. */
export function setUpClock(move) {
  const buttons = [...document.querySelectorAll("[data-step]")];
  const setBusy = (busy) => {
    byId("clock").setAttribute("aria-busy", String(busy));
    buttons.forEach((button) => button.setAttribute("aria-disabled", String(busy)));
  };
  const press = async (button) => {
    if (button.getAttribute("aria-disabled") === "true") return;
    setBusy(true);
    try {
      await move(JSON.parse(button.dataset.step));
    } finally {
      setBusy(false);
    }
  };
  buttons.forEach((button) => button.addEventListener("click", () => press(button)));
}

/** Open at first, then as it was left. Where it covers the phones, a press beside it closes it. */
export function setUpHint() {
  const panel = byId("hint");
  const show = (open) => {
    panel.hidden = !open;
    byId("hint-toggle").setAttribute("aria-expanded", String(open));
  };
  const set = (open) => {
    show(open);
    sessionStorage.setItem("hint", open ? "open" : "closed");
  };
  const remembered = sessionStorage.getItem("hint");
  show(remembered !== "closed");
  byId("hint-toggle").addEventListener("click", () => set(panel.hidden));
  byId("hint-close").addEventListener("click", () => {
    set(false);
    byId("hint-toggle").focus();
  });
  document.addEventListener("pointerdown", ({ target }) => {
    const beside = !panel.contains(target) && !byId("hint-toggle").contains(target);
    if (beside && !panel.hidden && !roomy.matches) set(false);
  });
}
