/** The dialog that asks who opens a link, or who a new person is. */

import { element, fullName, icon, iconButton } from "./dom.js";
import { personLine } from "./phone.js";

const ROLES = { patient: "Patient's phone", practitioner: "Practitioner's phone", admin: "Admin's phone" };

/**
 * Resolves to {id}, to {first_name, last_name, role} for somebody new, or to null when it was left.
 * `title` and `people` may be empty of people: then only somebody new can be made.
 */
export function choosePerson({ title, hint, people, role }) {
  return new Promise((resolve) => {
    const dialog = element("dialog", { class: "chooser", "aria-label": title, "data-testid": "chooser" });
    const finish = (answer) => {
      resolve(answer);
      dialog.close();
    };
    dialog.append(
      element("div", { class: "dialog-head" }, element("h2", {}, title),
        iconButton("close", "Close", { class: "tool", onclick: () => dialog.close() })),
      hint ? element("p", {}, hint) : "",
      people.length ? peopleList(people, finish) : "",
      newPersonForm(role, people.length > 0, finish),
    );
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

function peopleList(people, finish) {
  return element("div", { class: "people" }, ...people.map((person, index) => element(
    "button",
    {
      type: "button", autofocus: index === 0, "data-testid": `open-as-${person.id}`,
      "aria-label": `Open as ${fullName(person)}`, onclick: () => finish({ id: person.id }),
    },
    personLine(person, false),
  )));
}

function newPersonForm(role, alternative, finish) {
  const name = element("input", {
    name: "name", required: true, autofocus: !alternative, maxlength: "128", placeholder: "Name", autocomplete: "off",
    "data-testid": "new-name",
  });
  const phone = element("select", { name: "role", "aria-label": "Shown on" },
    ...Object.entries(ROLES).map(([value, label]) => element("option", { value, selected: value === role }, label)));
  const submit = (event) => {
    event.preventDefault();
    const [first, ...rest] = name.value.trim().split(/\s+/);
    if (first) finish({ first_name: first, last_name: rest.join(" "), role: phone.value });
  };
  return element(
    "form", { class: "new-person", onsubmit: submit },
    element("label", {}, alternative ? "or as a new person" : "Name", name),
    phone,
    element("button", { type: "submit", class: "wide", "data-testid": "new-person" }, icon("plus"), "Add"),
  );
}
