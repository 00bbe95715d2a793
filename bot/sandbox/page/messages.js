/** The list of messages of one phone: draws what changed and leaves everything else alone. */

import { element, icon, iconButton } from "./dom.js";
import { renderMarkup, deepLink } from "./markup.js";
import { renderAlbum, renderMedia } from "./media.js";
import { dayName } from "./time.js";

const LONG_PRESS_MS = 500;
const NEAR_BOTTOM = 48;

export class MessageList {
  /**
   * `actions`: {username(), botName(), openDeepLink(parameter), sendCommand(text), tap(message, button),
   * reply(message), menu(message, place)}
   */
  constructor(actions) {
    this.actions = actions;
    this.rows = new Map();
    this.stuck = true;
    this.lastTop = 0;
    this.list = element("ol", { class: "rows" });
    const jump = { class: "round jump", hidden: true, onclick: () => this.toEnd(true) };
    this.jump = iconButton("down", "To the newest message", jump);
    this.scroller = element("div", { class: "messages", tabindex: "0", role: "region" }, this.list);
    this.scroller.addEventListener("scroll", () => this.watchScroll(), { passive: true });
    this.scroller.addEventListener("keydown", (event) => this.steer(event));
    const settle = new ResizeObserver(() => this.stuck && this.toEnd(false));
    settle.observe(this.list);
    settle.observe(this.scroller);
  }

  /** Forgets everything: another person's chat comes. */
  clear() {
    this.rows.clear();
    this.list.replaceChildren();
    this.stuck = true;
  }

  /** Draws the messages; returns those from the bot that were not there before, [] at the first drawing. */
  show(messages, today) {
    const first = this.rows.size === 0;
    const wanted = toRows(messages, today);
    const arrived = wanted.filter((row) => row.message?.from === "bot" && !this.rows.has(row.key));
    const kept = new Map();
    let place = this.list.firstChild;
    for (const row of wanted) {
      const before = this.rows.get(row.key)?.node;
      const node = this.rowNode(row, first);
      if (place && place === before) place = node;
      if (node === place) place = place.nextSibling;
      else this.list.insertBefore(node, place);
      kept.set(row.key, { node, content: row.content });
    }
    this.rows = kept;
    while (place) {
      const next = place.nextSibling;
      place.remove();
      place = next;
    }
    if (this.stuck) this.toEnd(false);
    return first ? [] : arrived.map((row) => row.message);
  }

  rowNode(row, quiet) {
    const known = this.rows.get(row.key);
    if (known?.content === row.content) return known.node;
    const node = row.day ? dayRow(row.day) : this.messageRow(row);
    if (!known) {
      if (!quiet) node.classList.add("arriving");
      return node;
    }
    const slot = known.node.contains(document.activeElement) && (document.activeElement.dataset.slot ?? "");
    known.node.replaceWith(node);
    if (slot !== false) {
      const same = node.querySelector(`[data-slot="${CSS.escape(slot)}"]`);
      (same ?? node).focus({ preventScroll: true });
    }
    return node;
  }

  messageRow({ message, album, joined, quoted }) {
    const mine = message.from === "me";
    const node = element("li", {
      class: `row ${mine ? "mine" : "theirs"}${joined ? " joined" : ""}`,
      "data-testid": "message", "data-message-id": message.id, "data-from": message.from, tabindex: "-1",
    });
    const reply = iconButton("reply", "Reply to this message", {
      class: "reply-control", tabindex: "-1", "data-testid": "reply", onclick: () => this.actions.reply(message),
    });
    const keyed = message.buttons?.length > 0;
    node.append(element(
      "div", { class: `pack${keyed ? " keyed" : ""}` },
      this.bubble(message, album, quoted), keyed ? this.keyboard(message) : null, reply,
    ));
    this.listenForMenu(node, message);
    return node;
  }

  bubble(message, album, quoted) {
    const text = element("div", { class: "text", dir: "auto" });
    const html = shownHtml(message);
    if (html) text.append(element("span", { "data-testid": "message-text" }, renderMarkup(html, this.actions)));
    const media = album ? renderAlbum(album) : message.media ? renderMedia(message.media) : null;
    const bare = media && !html;
    const time = element("time", { datetime: message.at }, message.time);
    text.append(element("span", { class: "meta" }, message.edited ? "edited " : "", time));
    return element(
      "div",
      { class: `bubble${media ? " has-media" : ""}${bare ? " bare" : ""}` },
      element("span", { class: "hidden-words" }, message.from === "me" ? "You: " : `${this.actions.botName()}: `),
      message.reply_to ? this.quote(message.reply_to, quoted) : null,
      media,
      text,
    );
  }

  quote(reply, quoted) {
    const author = quoted ? (quoted.from === "me" ? "You" : this.actions.botName()) : "Message";
    return element(
      "button",
      { type: "button", class: "quote", "aria-label": `In reply to: ${reply.text}`, onclick: () => this.flash(reply.id) },
      element("b", {}, author), element("span", { dir: "auto" }, reply.text || "Media"),
    );
  }

  keyboard(message) {
    const rows = message.buttons.map((row, rowIndex) =>
      element("div", { class: "keys" }, ...row.map((button, index) => this.key(message, button, `${rowIndex}-${index}`))));
    return element("div", { class: "keyboard", "data-testid": "keyboard" }, ...rows);
  }

  key(message, button, slot) {
    const deep = button.url ? deepLink(button.url, this.actions.username()) : null;
    if (button.url && deep === null) {
      return element(
        "a", { class: "key", href: button.url, target: "_blank", rel: "noopener noreferrer", "data-slot": slot },
        element("span", { dir: "auto" }, button.text), icon("outside"),
      );
    }
    const press = async (event) => {
      const pressed = event.currentTarget;
      if (deep !== null) return this.actions.openDeepLink(deep);
      if (pressed.getAttribute("aria-busy") === "true") return undefined;
      pressed.setAttribute("aria-busy", "true");
      await this.actions.tap(message, button);
      pressed.removeAttribute("aria-busy");
      return undefined;
    };
    return element(
      "button", { type: "button", class: "key", "data-testid": "key", "data-slot": slot, onclick: press },
      element("span", { dir: "auto" }, button.text),
    );
  }

  listenForMenu(node, message) {
    let timer;
    const cancel = () => clearTimeout(timer);
    node.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      const box = node.querySelector(".bubble").getBoundingClientRect();
      const pointed = event.clientX || event.clientY;
      const [x, y] = pointed ? [event.clientX, event.clientY] : [box.left + 16, box.top + 16];
      this.actions.menu(message, { x, y });
    });
    node.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "touch") return;
      timer = setTimeout(() => this.actions.menu(message, { x: event.clientX, y: event.clientY }), LONG_PRESS_MS);
    });
    ["pointerup", "pointercancel", "pointermove"].forEach((name) => node.addEventListener(name, cancel));
  }

  /** Arrow keys walk through the messages, Enter opens the menu of one. */
  steer(event) {
    const messages = [...this.list.querySelectorAll(".row")];
    const at = messages.indexOf(document.activeElement);
    if (event.key === "Enter" && at >= 0) messages[at].dispatchEvent(new MouseEvent("contextmenu", { cancelable: true }));
    else if (event.key === "ArrowUp") (messages[at < 0 ? messages.length - 1 : Math.max(at - 1, 0)])?.focus();
    else if (event.key === "ArrowDown" && at >= 0) (messages[Math.min(at + 1, messages.length - 1)]).focus();
    else return;
    event.preventDefault();
  }

  flash(id) {
    const node = this.rows.get(`message-${id}`)?.node;
    if (!node) return;
    node.scrollIntoView({ block: "center", behavior: gently() });
    node.classList.remove("flash");
    requestAnimationFrame(() => node.classList.add("flash"));
  }

  toEnd(smoothly) {
    this.stuck = true;
    this.scroller.scrollTo({ top: this.scroller.scrollHeight, behavior: smoothly ? gently() : "instant" });
  }

  watchScroll() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    // Only going up lets go of the end: a picture that has just loaded also makes it far away.
    if (scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM) this.stuck = true;
    else if (scrollTop < this.lastTop) this.stuck = false;
    this.lastTop = scrollTop;
    this.jump.hidden = this.stuck;
  }
}

function gently() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth";
}

function dayRow(name) {
  return element("li", { class: "day" }, element("span", {}, name));
}

/** As Telegram's apps do, without the parameter of a link that was opened: it is nothing to read. */
function shownHtml(message) {
  if (message.from === "me" && /^\/start \S+$/.test(message.text ?? "")) return "/start";
  return message.html || escapeText(message.text ?? "");
}

function escapeText(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
}

/** Messages with day lines between them, the parts of an album joined to one row. */
function toRows(messages, today) {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const rows = [];
  let day = null;
  for (const message of messages) {
    const previous = rows.at(-1);
    if (message.day !== day) {
      day = message.day;
      const name = dayName(day, today);
      rows.push({ key: `day-${day}`, day: name, content: name });
    } else if (message.media_group_id && previous?.message?.media_group_id === message.media_group_id) {
      addToAlbum(previous, message);
      continue;
    }
    const joined = rows.at(-1).message?.from === message.from;
    const quoted = message.reply_to ? byId.get(message.reply_to.id) : null;
    const album = message.media_group_id && message.media ? [message.media] : null;
    const content = JSON.stringify([message, joined, quoted?.from]);
    rows.push({ key: `message-${message.id}`, message, joined, quoted, album, content });
  }
  return rows;
}

function addToAlbum(row, message) {
  if (message.media) row.album.push(message.media);
  row.content += JSON.stringify(message);
  if (!row.message.text && message.text) row.message = { ...row.message, text: message.text, html: message.html };
}
