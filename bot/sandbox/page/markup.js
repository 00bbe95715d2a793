/** Telegram HTML to page elements, through a whitelist: whatever is not named here becomes plain text. */

import { element } from "./dom.js";

const TAGS = {
  B: "b", STRONG: "b", I: "i", EM: "i", U: "u", INS: "u", S: "s", STRIKE: "s", DEL: "s",
  CODE: "code", PRE: "pre", BLOCKQUOTE: "blockquote", A: "a", "TG-SPOILER": "spoiler",
};
const SAFE_LINK = /^(https?|tel|mailto|tg):/i;
const LINK_OR_COMMAND = /(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]])|(?<![\w/])(\/[a-z][a-z0-9_]{0,31})(?![\w/])/gi;

/** The parameter of a deep link to this bot, "" for a link without one, null for any other address. */
export function deepLink(address, username) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  const ours = url.host === "t.me" && url.pathname.slice(1).toLowerCase() === username.toLowerCase();
  return ours ? (url.searchParams.get("start") ?? "") : null;
}

/** `actions`: {username(), openDeepLink(parameter), sendCommand(text)}. */
export function renderMarkup(html, actions) {
  const parsed = new DOMParser().parseFromString(`<body>${html}`, "text/html");
  const fragment = document.createDocumentFragment();
  copyChildren(parsed.body, fragment, actions, true);
  return fragment;
}

function copyChildren(source, target, actions, linked) {
  for (const node of source.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) target.append(...linked ? links(node.data, actions) : [node.data]);
    else if (node.nodeType === Node.ELEMENT_NODE) target.append(copyElement(node, actions, linked));
  }
}

function copyElement(node, actions, linked) {
  const spoilerSpan = node.tagName === "SPAN" && node.className === "tg-spoiler";
  const kind = spoilerSpan ? "spoiler" : TAGS[node.tagName];
  let copy = document.createDocumentFragment();
  if (kind === "a") copy = link(node.getAttribute("href") ?? "", actions);
  else if (kind === "spoiler") copy = spoiler();
  else if (kind) copy = element(kind);
  copyChildren(node, copy, actions, linked && !["a", "code", "pre"].includes(kind));
  return copy;
}

function link(address, actions) {
  const parameter = deepLink(address, actions.username());
  if (parameter !== null) {
    const open = (event) => {
      event.preventDefault();
      actions.openDeepLink(parameter);
    };
    return element("a", { href: address, "data-deep-link": parameter, onclick: open });
  }
  if (!SAFE_LINK.test(address)) return element("span");
  return element("a", { href: address, target: "_blank", rel: "noopener noreferrer" });
}

function spoiler() {
  const reveal = (event) => {
    const covered = event.currentTarget;
    covered.classList.add("revealed");
    covered.removeAttribute("role");
    covered.removeAttribute("aria-label");
  };
  const onkeydown = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    reveal(event);
  };
  const attributes = { class: "spoiler", tabindex: "0", role: "button", "aria-label": "Hidden text, press to read" };
  return element("span", { ...attributes, onclick: reveal, onkeydown });
}

/** Plain addresses and /commands can be pressed, as in Telegram. */
function links(text, actions) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(LINK_OR_COMMAND)) {
    parts.push(text.slice(end, match.index));
    const [found, address, command] = match;
    if (address) {
      const anchor = link(address, actions);
      anchor.append(address);
      parts.push(anchor);
    } else {
      const send = () => actions.sendCommand(command);
      parts.push(element("button", { type: "button", class: "command-link", onclick: send }, command));
    }
    end = match.index + found.length;
  }
  parts.push(text.slice(end));
  return parts;
}
