/** A pop-up menu that works with mouse, touch and keyboard, one at a time on the page. */

import { element, icon } from "./dom.js";

const MARGIN = 8;
let closeOpen = () => {};

/**
 * `items`: {label, icon?, checked?, node?, danger?, choose()}; a null item draws a line.
 * `place`: {x, y} in the viewport, or an element to open beside. Focus returns to where it was.
 */
export function openMenu(label, items, place) {
  closeOpen();
  const before = document.activeElement;
  const menu = element("div", { class: "menu", role: "menu", "aria-label": label });
  const close = (refocus) => {
    menu.remove();
    document.removeEventListener("pointerdown", outside, true);
    window.removeEventListener("resize", leave);
    if (place instanceof Element) place.setAttribute("aria-expanded", "false");
    if (refocus) before?.focus?.({ preventScroll: true });
    closeOpen = () => {};
  };
  const leave = () => close(false);
  const outside = (event) => {
    if (!menu.contains(event.target) && !(place instanceof Element && place.contains(event.target))) leave();
  };
  menu.append(...items.map((item) => menuItem(item, close)));
  menu.addEventListener("keydown", (event) => steer(event, menu, close));
  document.body.append(menu);
  position(menu, place);
  document.addEventListener("pointerdown", outside, true);
  window.addEventListener("resize", leave);
  if (place instanceof Element) place.setAttribute("aria-expanded", "true");
  (menu.querySelector("[aria-checked=true]") ?? menu.querySelector("button"))?.focus({ preventScroll: true });
  closeOpen = leave;
}

/** For a button that opens a menu: pressed again, it closes it. */
export function toggleMenu(label, items, button) {
  if (button.getAttribute("aria-expanded") === "true") closeOpen();
  else openMenu(label, items, button);
}

function menuItem(item, close) {
  if (!item) return element("hr");
  const radio = item.checked !== undefined;
  const choose = () => {
    close(true);
    item.choose();
  };
  return element(
    "button",
    {
      type: "button", role: radio ? "menuitemradio" : "menuitem", class: item.danger ? "danger" : null,
      "aria-checked": radio ? String(item.checked) : null, "data-testid": item.testId, tabindex: "-1", onclick: choose,
    },
    item.icon ? icon(item.icon) : null,
    item.node ?? item.label,
  );
}

function steer(event, menu, close) {
  const buttons = [...menu.querySelectorAll("button")];
  const at = buttons.indexOf(document.activeElement);
  const target = {
    ArrowDown: (at + 1) % buttons.length,
    ArrowUp: (at - 1 + buttons.length) % buttons.length,
    Home: 0,
    End: buttons.length - 1,
  }[event.key];
  if (target !== undefined) buttons[target].focus();
  else if (event.key === "Escape" || event.key === "Tab") close(true);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function position(menu, place) {
  const size = menu.getBoundingClientRect();
  const box = place instanceof Element ? place.getBoundingClientRect() : null;
  let left = box ? box.left : place.x;
  let top = box ? box.bottom + 4 : place.y;
  if (box && left + size.width > innerWidth - MARGIN) left = box.right - size.width;
  if (top + size.height > innerHeight - MARGIN) top = (box ? box.top - 4 : place.y) - size.height;
  menu.style.left = `${Math.max(MARGIN, Math.min(left, innerWidth - size.width - MARGIN))}px`;
  menu.style.top = `${Math.max(MARGIN, top)}px`;
}
