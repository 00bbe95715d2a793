/** The demo page: keeps three phones and the top bar as the sandbox has them. */

import { choosePerson } from "./chooser.js";
import { badge, element } from "./dom.js";
import { Phone } from "./phone.js";
import * as server from "./server.js";
import { dateInWords, timeOfDay } from "./time.js";
import { setUpClock, setUpHint, showTopBar } from "./topbar.js";

const ROLES = [["patient", "Patient"], ["practitioner", "Practitioner"], ["admin", "Admin"]];
/** Who most probably opens a link that was found on a phone: the invited one, not the inviting. */
const LINK_OPENED_BY = { admin: "practitioner", practitioner: "patient", patient: "patient" };
/** The clock of the sandbox goes on by itself; the page looks at it this often. */
const LOOK_AGAIN_MS = 20_000;
/** That somebody has stopped typing is no event either. */
const TYPING_MS = 2_500;

const byId = (id) => document.getElementById(id);
const narrow = window.matchMedia("(max-width: 860px)");
const shownPeople = JSON.parse(sessionStorage.getItem("people") ?? "{}");
let state = null;
let activeRole = sessionStorage.getItem("role") ?? "patient";

const page = { state: () => state, choose, addPerson, openDeepLink, refresh, announce };
const phones = new Map(ROLES.map(([role, title]) => [role, new Phone(role, title, page)]));
const tabs = new Map(ROLES.map(([role, title]) => [role, tab(role, title)]));

/* What is shown where */

function roleOf(person) {
  return phones.has(person.role) ? person.role : "patient";
}

function peopleOf(role) {
  return state.people.filter((person) => roleOf(person) === role);
}

function personOn(role) {
  const people = peopleOf(role);
  return people.find(({ id }) => id === shownPeople[role]) ?? people.find(({ shown }) => shown) ?? people[0] ?? null;
}

const isVisible = (role) => !narrow.matches || role === activeRole;

async function choose(role, id) {
  shownPeople[role] = id;
  sessionStorage.setItem("people", JSON.stringify(shownPeople));
  if (narrow.matches) selectTab(role);
  await refresh();
}

/* Refreshing: one at a time; whoever asks meanwhile gets another round */

let wanted = false;
let running = null;

function refresh() {
  wanted = true;
  running ??= rounds();
  return running;
}

async function rounds() {
  try {
    while (wanted) await round();
  } finally {
    running = null;
  }
}

async function round() {
  wanted = false;
  try {
    await load();
    connection(true);
  } catch (error) {
    if (!(error instanceof server.ConnectionLost || error instanceof server.Refusal)) throw error;
    connection(false);
    await server.pause();
    wanted = true;
  }
}

async function load() {
  state = await server.readState();
  showTopBar(state);
  const visible = [];
  for (const [role, phone] of phones) {
    const person = personOn(role);
    phone.showPeople(peopleOf(role), person);
    if (person && isVisible(role)) visible.push([phone, person]);
  }
  await Promise.all(visible.map(async ([phone, person]) => {
    const chat = await server.readChat(person.id);
    if (phone.person.id === person.id) phone.showChat(chat);
  }));
  showTabs();
  if (state.people.some(({ typing }) => typing)) setTimeout(refresh, TYPING_MS);
  document.documentElement.dataset.ready = "true";
}

function connection(up) {
  byId("lost").hidden = up;
}

function announce(text) {
  byId("announcer").textContent = text;
}

async function moveClock(step) {
  try {
    await server.moveClock(step);
    await refresh();
    announce(`It is now ${timeOfDay(state.now, state.zone)}, ${dateInWords(state.now, state.zone)}`);
  } catch (error) {
    if (error instanceof server.ConnectionLost) refresh();
    else phones.get(activeRole).toast(error.message);
  }
}

/* The tabs of narrow screens */

function tab(role, title) {
  const button = element("button", {
    type: "button", role: "tab", id: `tab-${role}`, "aria-controls": `phone-${role}`, "data-testid": `tab-${role}`,
    onclick: () => {
      selectTab(role);
      refresh();
    },
  }, title);
  button.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const names = [...tabs.keys()];
    const next = names[(names.indexOf(role) + step + names.length) % names.length];
    tabs.get(next).click();
    tabs.get(next).focus();
  });
  return button;
}

function selectTab(role) {
  activeRole = role;
  sessionStorage.setItem("role", role);
  for (const [name, phone] of phones) {
    phone.column.classList.toggle("active", name === role);
    tabs.get(name).setAttribute("aria-selected", String(name === role));
    tabs.get(name).tabIndex = name === role ? 0 : -1;
  }
}

function showTabs() {
  for (const [role, title] of ROLES) {
    const news = peopleOf(role)
      .filter(({ id }) => !(isVisible(role) && id === personOn(role)?.id))
      .reduce((sum, { unread }) => sum + unread, 0);
    const button = tabs.get(role);
    if (button.dataset.news === String(news)) continue;
    button.dataset.news = String(news);
    button.replaceChildren(title, news ? badge(news) : "");
  }
}

/* People and links */

async function addPerson(role) {
  const hint = "A stranger to the bot, with a phone of their own.";
  const answer = await choosePerson({ title: "New person", hint, people: [], role });
  if (answer) await settle(answer, role, () => {});
}

async function openDeepLink(parameter, fromRole) {
  const role = LINK_OPENED_BY[fromRole];
  const people = [...peopleOf(role), ...state.people.filter((person) => roleOf(person) !== role)];
  const hint = "The link opens on the phone of the person you choose.";
  const answer = await choosePerson({ title: "Open as …", hint, people, role });
  if (answer) await settle(answer, fromRole, (id) => server.start(id, parameter));
}

/** Makes the person if new, lets them do it, and shows their phone. */
async function settle(answer, fromRole, act) {
  try {
    const id = answer.id ?? (await server.addPerson({ label: "new", ...answer })).id;
    await act(id);
    state = await server.readState();
    const person = state.people.find((one) => one.id === id);
    await choose(person ? roleOf(person) : fromRole, id);
  } catch (error) {
    if (!(error instanceof server.ConnectionLost || error instanceof server.Refusal)) throw error;
    phones.get(fromRole).toast(error.message);
  }
}

function begin() {
  byId("phones").append(...[...phones.values()].map(({ column }) => column));
  byId("tabs").append(...tabs.values());
  selectTab(phones.has(activeRole) ? activeRole : "patient");
  setUpHint();
  setUpClock(moveClock);
  narrow.addEventListener("change", refresh);
  setInterval(() => document.visibilityState === "visible" && refresh(), LOOK_AGAIN_MS);
  server.listen(refresh, () => connection(false));
}

begin();
