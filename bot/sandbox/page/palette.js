/** The list of commands over the field, opened by "/" or by the menu button. */

import { element } from "./dom.js";

export class Palette {
  /** `run(command)` is called with the command chosen, such as "/help". */
  constructor(field, run) {
    this.field = field;
    this.run = run;
    this.commands = [];
    this.list = element("ul", {
      class: "palette", role: "listbox", "aria-label": "Commands", id: `commands-${crypto.randomUUID()}`, hidden: true,
    });
    field.setAttribute("aria-controls", this.list.id);
  }

  get isOpen() {
    return !this.list.hidden;
  }

  /** Opens with the commands that begin like `text`, closes when there is none. */
  match(text) {
    const found = this.commands.filter(({ command }) => `/${command}`.startsWith(text.toLowerCase()));
    if (/^\/\w*$/.test(text) && found.length) this.open(found);
    else this.close();
  }

  open(commands = this.commands) {
    this.list.replaceChildren(...commands.map(({ command, description }, index) => element(
      "li",
      {
        role: "option", id: `${this.list.id}-${index}`, "data-command": `/${command}`,
        // The field keeps the focus while a command is pressed.
        onpointerdown: (event) => event.preventDefault(),
        onclick: () => this.run(`/${command}`),
      },
      element("b", {}, `/${command}`), element("span", { dir: "auto" }, description),
    )));
    this.list.hidden = false;
    this.point(0);
  }

  close() {
    this.list.hidden = true;
    this.field.removeAttribute("aria-activedescendant");
  }

  point(index) {
    const options = [...this.list.children];
    this.pointed = (index + options.length) % options.length;
    options.forEach((option, at) => option.setAttribute("aria-selected", String(at === this.pointed)));
    this.field.setAttribute("aria-activedescendant", options[this.pointed].id);
    options[this.pointed].scrollIntoView({ block: "nearest" });
  }

  /** Takes a key while open; false when the key is none of its own. */
  steer(key) {
    const command = this.list.children[this.pointed].dataset.command;
    if (key === "ArrowDown") this.point(this.pointed + 1);
    else if (key === "ArrowUp") this.point(this.pointed - 1);
    else if (key === "Enter") this.run(command);
    else if (key === "Tab") this.complete(command);
    else if (key === "Escape") this.close();
    else return false;
    return true;
  }

  complete(command) {
    this.field.value = `${command} `;
    this.field.dispatchEvent(new Event("input"));
  }
}
