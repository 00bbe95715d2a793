/** Small makers of page elements. Text always enters as text nodes, never as markup. */

const SVG = "http://www.w3.org/2000/svg";
const TONES = 7;

/** `element("button", {class: "x", onclick: f}, "Text")`; an attribute or child that is null or false is left out. */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

export function iconButton(name, label, attributes = {}) {
  return element("button", { type: "button", "aria-label": label, title: label, ...attributes }, icon(name));
}

export function fullName(person) {
  return [person.first_name, person.last_name].filter(Boolean).join(" ");
}

function firstSign(word) {
  const segments = new Intl.Segmenter(undefined, { granularity: "grapheme" });
  // Direction marks and other invisible signs would make an empty avatar.
  const visible = (word ?? "").replace(/[\p{Cf}\p{Cc}]/gu, "").trim();
  return [...segments.segment(visible)][0]?.segment ?? "";
}

/** The round sign of a person, or of the bot when it has no last name. */
export function avatar(person) {
  const signs = (firstSign(person.first_name) + firstSign(person.last_name)).toUpperCase();
  const tone = Math.abs(Number(person.id) || 0) % TONES;
  return element("span", { class: `avatar tone-${tone}`, "aria-hidden": "true" }, signs || "?");
}

export function badge(count) {
  return element("span", { class: "badge", "aria-label": `${count} unread` }, count > 99 ? "99+" : String(count));
}

export function readableSize(bytes) {
  if (!bytes) return "";
  const units = ["B", "KB", "MB"];
  const step = Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  return `${(bytes / 1000 ** step).toFixed(step && bytes / 1000 ** step < 10 ? 1 : 0)} ${units[step]}`;
}
