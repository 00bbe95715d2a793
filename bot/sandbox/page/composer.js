/** Where a person writes: text, commands, attachments, a reply, a correction of the last message. */

import { element, icon, iconButton, readableSize } from "./dom.js";
import { samplePhoto, sampleVoice } from "./media.js";
import { toggleMenu } from "./menu.js";
import { Palette } from "./palette.js";

const TALLEST = 132;
const ACCEPTED = { photo: "image/*", document: null, voice: "audio/*" };

const blank = () => ({ text: "", replyTo: null, editing: null, attachment: null });

export class Composer {
  /** `actions`: {send(draft) -> true when it arrived, lastOwn() -> message or null} */
  constructor(actions) {
    this.actions = actions;
    this.drafts = new Map();
    this.draft = blank();
    this.makeField();
    this.context = element("div", { class: "context", hidden: true });
    this.palette = new Palette(this.field, (command) => this.run(command));
    this.menuButton = iconButton("slash", "Commands", { class: "tool", "data-testid": "commands", hidden: true });
    this.menuButton.addEventListener("click", () => this.toggleCommands());
    const attach = { class: "tool", "data-testid": "attach", "aria-haspopup": "menu" };
    this.attachButton = iconButton("attach", "Attach", attach);
    this.attachButton.addEventListener("click", () => this.chooseAttachment());
    this.sendButton = iconButton("send", "Send", { class: "round send", "data-testid": "send" });
    this.sendButton.addEventListener("click", () => this.submit());
    this.inputs = Object.fromEntries(Object.keys(ACCEPTED).map((kind) => [kind, this.fileInput(kind)]));
    this.box = element(
      "div", { class: "composer" }, this.palette.list, this.context,
      element("div", { class: "writing" }, this.menuButton, this.field, this.attachButton, this.sendButton),
      ...Object.values(this.inputs),
    );
    this.box.addEventListener("focusout", (event) => !this.box.contains(event.relatedTarget) && this.palette.close());
  }

  makeField() {
    this.field = element("textarea", {
      rows: "1", placeholder: "Message", "data-testid": "composer", dir: "auto", enterkeyhint: "send",
      "aria-autocomplete": "list",
    });
    this.field.addEventListener("input", () => this.typed());
    this.field.addEventListener("keydown", (event) => this.pressed(event));
    this.field.addEventListener("paste", (event) => this.take(event, event.clipboardData));
  }

  fileInput(kind) {
    const input = element("input", {
      type: "file", accept: ACCEPTED[kind], hidden: true, "data-testid": `attach-${kind}`, "aria-label": `Choose a ${kind}`,
    });
    input.addEventListener("change", () => {
      if (input.files[0]) this.attach(kind, input.files[0]);
      input.value = "";
    });
    return input;
  }

  /** Changes to the draft of another person; what was half typed stays with the first. */
  open(personId, name) {
    this.drafts.set(this.personId, this.draft);
    this.personId = personId;
    this.draft = this.drafts.get(personId) ?? blank();
    this.field.setAttribute("aria-label", `Message from ${name}`);
    this.field.value = this.draft.text;
    this.refresh();
  }

  setCommands(commands) {
    this.palette.commands = commands;
    this.menuButton.hidden = commands.length === 0;
  }

  reply(message) {
    if (this.draft.editing) this.cancel();
    this.draft.replyTo = message;
    this.refresh();
    this.field.focus();
  }

  editMessage(message) {
    this.draft = { ...blank(), editing: message, text: message.text };
    this.field.value = message.text;
    this.refresh();
    this.field.focus();
    this.field.setSelectionRange(message.text.length, message.text.length);
  }

  attach(kind, file) {
    this.draft.editing = null;
    this.draft.attachment = { kind, file };
    this.refresh();
    this.field.focus();
  }

  attachSample() {
    this.arriving = samplePhoto().then((file) => this.attach("photo", file));
  }

  /** Takes a dropped or pasted file. */
  take(event, transfer) {
    const file = transfer?.files?.[0];
    if (!file) return;
    event.preventDefault();
    this.attach(file.type.startsWith("image/") ? "photo" : "document", file);
  }

  cancel() {
    const text = this.draft.editing ? "" : this.draft.text;
    this.draft = { ...blank(), text };
    this.field.value = text;
    this.refresh();
  }

  async submit() {
    await this.arriving;
    const draft = { ...this.draft, text: this.field.value.trim() };
    if (!draft.text && !draft.attachment) return this.field.focus();
    const personId = this.personId;
    const unsent = this.draft;
    this.draft = blank();
    this.field.value = "";
    this.refresh();
    this.field.focus();
    const arrived = await this.actions.send(personId, draft);
    if (!arrived) this.restore(personId, unsent);
    return undefined;
  }

  /** What could not be sent comes back, unless something new was begun meanwhile. */
  restore(personId, unsent) {
    if (personId !== this.personId) this.drafts.set(personId, unsent);
    else if (!this.field.value) {
      this.draft = unsent;
      this.field.value = unsent.text;
      this.refresh();
    }
  }

  typed() {
    this.draft.text = this.field.value;
    this.grow();
    this.palette.match(this.field.value);
  }

  pressed(event) {
    if (event.isComposing) return;
    if (this.palette.isOpen && this.palette.steer(event.key)) return event.preventDefault();
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Escape" && !this.context.hidden) this.cancel();
    else if (event.key === "ArrowUp" && !this.field.value && !this.draft.editing) {
      const last = this.actions.lastOwn();
      if (last) {
        event.preventDefault();
        this.editMessage(last);
      }
    }
    return undefined;
  }

  grow() {
    this.field.style.height = "auto";
    if (!this.field.scrollHeight) return this.field.style.removeProperty("height"); // not shown now
    const border = this.field.offsetHeight - this.field.clientHeight;
    this.field.style.height = `${Math.min(this.field.scrollHeight + border, TALLEST)}px`;
    return undefined;
  }

  refresh() {
    const { editing, replyTo, attachment } = this.draft;
    const lines = [];
    if (editing) lines.push(["edit", "Edit message", editing.text]);
    if (replyTo) lines.push(["reply", "Reply", replyTo.text || "Media"]);
    if (attachment) lines.push([attachment.kind, attachment.file.name, readableSize(attachment.file.size)]);
    this.context.hidden = lines.length === 0;
    this.context.replaceChildren(
      element("div", { class: "context-lines" }, ...lines.map(([sign, title, text]) =>
        element("div", { class: "context-line" }, icon(sign),
          element("span", {}, element("b", {}, title), element("small", { dir: "auto" }, text))))),
      iconButton("close", "Cancel", { class: "tool", onclick: () => this.cancel() }),
    );
    this.field.placeholder = attachment ? "Add a caption" : "Message";
    this.sendButton.setAttribute("aria-label", editing ? "Save" : "Send");
    this.palette.close();
    this.grow();
  }

  chooseAttachment() {
    toggleMenu("Attach", [
      { label: "Photo", icon: "photo", choose: () => this.inputs.photo.click() },
      { label: "Document", icon: "document", choose: () => this.inputs.document.click() },
      { label: "Voice from a file", icon: "voice", choose: () => this.inputs.voice.click() },
      null,
      { label: "Sample photo", icon: "photo", testId: "sample-photo", choose: () => this.attachSample() },
      { label: "Sample voice", icon: "voice", testId: "sample-voice", choose: () => this.attach("voice", sampleVoice()) },
    ], this.attachButton);
  }

  toggleCommands() {
    if (this.palette.isOpen) this.palette.close();
    else this.palette.open();
    this.field.focus();
  }

  run(command) {
    this.field.value = command;
    this.submit();
  }
}
