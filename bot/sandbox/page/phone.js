/** One phone: whose it is, the chat with the bot, and everything a person can do in it. */

import { avatar, badge, element, fullName, icon, iconButton } from "./dom.js";
import { Composer } from "./composer.js";
import { MessageList } from "./messages.js";
import { openMenu, toggleMenu } from "./menu.js";
import * as server from "./server.js";
import { localDate, timeOfDay } from "./time.js";

const TOAST_MS = 4000;

export class Phone {
  /** `page`: {state(), choose(role, id), addPerson(role), openDeepLink(parameter, role), refresh(), announce(text)} */
  constructor(role, title, page) {
    this.role = role;
    this.title = title;
    this.page = page;
    this.chat = null;
    this.list = new MessageList(this.messageActions());
    this.composer = new Composer({
      send: (personId, draft) => this.send(personId, draft),
      lastOwn: () => this.chat?.messages.findLast(isEditable) ?? null,
    });
    this.build();
  }

  messageActions() {
    return {
      username: () => this.page.state().bot.username,
      botName: () => this.page.state().bot.name,
      openDeepLink: (parameter) => this.page.openDeepLink(parameter, this.role),
      sendCommand: (text) => this.send(this.person.id, { text }),
      tap: (message, button) => this.tap(message, button),
      reply: (message) => this.composer.reply(message),
      menu: (message, place) => this.openMessageMenu(message, place),
    };
  }

  build() {
    this.picker = element("button", {
      type: "button", class: "picker", "data-testid": "picker", "aria-haspopup": "menu", "aria-expanded": "false",
      onclick: () => this.openPicker(),
    });
    this.statusTime = element("span", {});
    this.botSign = element("span", { class: "bot-sign" });
    this.botWords = element("span", { class: "bot-words" });
    const more = iconButton("more", "Menu of this chat", {
      class: "tool", "data-testid": "phone-menu", "aria-haspopup": "menu", onclick: (event) => this.openPhoneMenu(event.currentTarget),
    });
    this.toasts = element("div", { class: "toasts", role: "status", "data-testid": "toast" });
    this.empty = element("div", { class: "empty", hidden: true });
    this.blocked = this.blockedBanner();
    this.chatArea = element("div", { class: "chat-area" }, this.list.scroller, this.empty, this.list.jump, this.toasts);
    this.screen = element(
      "div", { class: "screen" },
      element("div", { class: "status-bar", "aria-hidden": "true" }, this.statusTime, element("span", {}, icon("signal"), icon("battery"))),
      element("div", { class: "chat-header" }, this.botSign, this.botWords, more),
      this.chatArea, this.blocked, this.composer.box,
    );
    this.screen.addEventListener("dragover", (event) => event.preventDefault());
    this.screen.addEventListener("drop", (event) => this.composer.take(event, event.dataTransfer));
    this.column = element(
      "section",
      {
        class: `phone role-${this.role}`, id: `phone-${this.role}`, "data-testid": `phone-${this.role}`,
        "aria-label": `${this.title}'s phone`,
      },
      this.picker, element("div", { class: "case" }, this.screen),
    );
  }

  blockedBanner() {
    const unblock = element(
      "button", { type: "button", class: "wide", "data-testid": "unblock", onclick: () => this.setBlocked(false) }, "Unblock",
    );
    return element("div", { class: "blocked", "data-testid": "blocked", hidden: true },
      icon("block"), element("span", {}, "This person has blocked the bot. Nothing reaches them."), unblock);
  }

  /** Draws the frame: whose phone it is, news of the others, the time. */
  showPeople(people, person) {
    const changed = person && person.id !== this.person?.id;
    this.people = people;
    this.person = person;
    const others = people.filter((other) => other.id !== person?.id && other.unread > 0);
    this.drawPicker(person, others);
    const { now, zone, bot } = this.page.state();
    this.statusTime.textContent = timeOfDay(now, zone);
    this.drawBot(bot, person);
    this.blocked.hidden = !person?.blocked;
    this.composer.box.hidden = !person || person.blocked;
    if (changed) this.changePerson();
  }

  changePerson() {
    this.chat = null;
    this.list.clear();
    this.list.scroller.setAttribute("aria-label", `Messages of ${fullName(this.person)}`);
    this.composer.open(this.person.id, fullName(this.person));
    this.empty.hidden = true;
  }

  drawPicker(person, others) {
    const drawn = JSON.stringify([person, others.length, this.people.length]);
    if (drawn === this.pickerDrawn) return;
    this.pickerDrawn = drawn;
    const news = others.length ? element("span", { class: "dot", "aria-label": "News for others" }) : null;
    this.picker.setAttribute("aria-label", person ? `${this.title}: ${fullName(person)}. Change person` : `Choose a ${this.title}`);
    this.picker.replaceChildren(
      person ? avatar(person) : icon("person"),
      element("span", { class: "owner" },
        element("bdi", { class: "owner-name" }, person ? fullName(person) : "Nobody yet"),
        element("small", {}, element("span", { class: "role-chip" }, this.title), person?.label ? ` · ${person.label}` : "")),
      news ?? "", icon("chevron"),
    );
  }

  drawBot(bot, person) {
    const drawn = JSON.stringify([bot, person?.typing]);
    if (drawn === this.botDrawn) return;
    this.botDrawn = drawn;
    this.botSign.replaceChildren(element("span", { class: "avatar bot-avatar" }, icon("bot")));
    this.botWords.replaceChildren(
      element("b", { dir: "auto" }, bot.name),
      element("small", {}, person?.typing ? element("span", { class: "typing" }, "typing") : "bot"),
    );
  }

  /** Draws the chat of the person shown; returns what is new from the bot. */
  showChat(chat) {
    const { now, zone } = this.page.state();
    this.chat = chat;
    this.composer.setCommands(chat.commands ?? []);
    const arrived = this.list.show(chat.messages, localDate(now, zone));
    if (!this.empty.hidden !== (chat.messages.length === 0)) this.drawEmpty(chat.messages.length === 0);
    if (arrived.length) this.page.announce(`${fullName(this.person)}, new message: ${arrived.at(-1).text}`);
  }

  drawEmpty(shown) {
    this.empty.hidden = !shown;
    const begin = () => this.attempt(() => server.start(this.person.id, ""));
    this.empty.replaceChildren(
      icon("bot"), element("p", {}, "Nothing here yet."),
      element("button", { type: "button", class: "wide", "data-testid": "start", onclick: begin }, "Start"),
    );
  }

  /** Runs one action against the sandbox; a failure becomes a toast. True when it worked. */
  async attempt(action) {
    try {
      await action();
      await this.page.refresh();
      return true;
    } catch (error) {
      if (!(error instanceof server.Refusal || error instanceof server.ConnectionLost)) throw error;
      this.toast(error.message);
      if (error instanceof server.ConnectionLost) this.page.refresh();
      return false;
    }
  }

  send(personId, { text, replyTo, editing, attachment }) {
    return this.attempt(async () => {
      if (editing) return server.edit(personId, editing.id, text);
      this.list.stuck = true;
      if (attachment) return server.sendFile(personId, attachment, text, replyTo?.id);
      return server.sendText(personId, text, replyTo?.id);
    });
  }

  tap(message, button) {
    return this.attempt(async () => {
      const { toast, alert, answered } = await server.tap(this.person.id, message.id, button.data);
      if (answered === false) this.toast("The bot has not answered this tap.");
      if (toast && alert) this.alert(toast);
      else if (toast) this.toast(toast);
    });
  }

  setBlocked(blocked) {
    return this.attempt(() => server.block(this.person.id, blocked));
  }

  toast(text) {
    const note = element("div", { class: "toast" }, text);
    this.toasts.replaceChildren(note);
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => note.remove(), TOAST_MS);
  }

  alert(text) {
    const before = document.activeElement;
    const dismiss = () => {
      cover.remove();
      before?.focus?.();
    };
    const accept = element("button", { type: "button", class: "wide", onclick: dismiss }, "OK");
    const words = element("p", { dir: "auto" }, text);
    const cover = element("div", { class: "cover", role: "alertdialog", "aria-label": text, "data-testid": "alert" },
      element("div", { class: "alert" }, words, accept));
    cover.addEventListener("keydown", (event) => event.key === "Escape" && dismiss());
    this.screen.append(cover);
    accept.focus();
  }

  openPicker() {
    const items = this.people.map((person) => ({
      label: fullName(person), checked: person.id === this.person?.id, testId: `person-${person.id}`,
      node: personLine(person, person.id !== this.person?.id),
      choose: () => this.page.choose(this.role, person.id),
    }));
    items.push(null, { label: "New person", icon: "plus", choose: () => this.page.addPerson(this.role) });
    toggleMenu(`${this.title}s`, items, this.picker);
  }

  openPhoneMenu(button) {
    if (!this.person) return;
    const { blocked } = this.person;
    const commands = (this.chat?.commands ?? []).slice(0, 6).map(({ command }) => ({
      label: `/${command}`, icon: "slash", choose: () => this.send(this.person.id, { text: `/${command}` }),
    }));
    const block = {
      label: blocked ? "Unblock the bot" : "Block the bot", icon: "block", danger: !blocked, testId: "block",
      choose: () => this.setBlocked(!blocked),
    };
    toggleMenu("Chat", commands.length ? [...commands, null, block] : [block], button);
  }

  openMessageMenu(message, place) {
    const items = [{ label: "Reply", icon: "reply", choose: () => this.composer.reply(message) }];
    if (isEditable(message)) items.push({ label: "Edit", icon: "edit", choose: () => this.composer.editMessage(message) });
    if (message.text) items.push({ label: "Copy text", icon: "copy", choose: () => navigator.clipboard?.writeText(message.text) });
    openMenu("Message", items, place);
  }
}

function isEditable(message) {
  return message.from === "me" && Boolean(message.text) && !message.media;
}

export function personLine(person, withNews) {
  return element("span", { class: "person-line" },
    avatar(person),
    element("span", { class: "owner" },
      element("bdi", { class: "owner-name" }, fullName(person)),
      element("small", {}, person.blocked ? "has blocked the bot" : person.label || person.role)),
    withNews && person.unread > 0 ? badge(person.unread) : null);
}
