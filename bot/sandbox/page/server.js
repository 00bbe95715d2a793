/** The control interface of the sandbox, see bot/sandbox/control.py. */

/** The sandbox answered and refused; the message is a sentence for the person at the page. */
export class Refusal extends Error {}
/** The sandbox did not answer at all. */
export class ConnectionLost extends Error {}

const RETRY_MS = 1500;

async function call(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { cache: "no-store", ...options });
  } catch {
    throw new ConnectionLost("Connection lost");
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const reason = answer.error ?? answer.detail ?? answer.description;
  throw new Refusal(typeof reason === "string" ? reason : `That did not work (${response.status}).`);
}

function post(path, values) {
  const headers = { "Content-Type": "application/json" };
  return call(path, { method: "POST", headers, body: JSON.stringify(values) });
}

const person = (id) => `/sandbox/people/${encodeURIComponent(id)}`;

export const readState = () => call("/sandbox/state");
export const readChat = (id) => call(`/sandbox/chats/${encodeURIComponent(id)}`);
export const addPerson = (values) => post("/sandbox/people", values);
export const sendText = (id, text, replyTo) =>
  post(`${person(id)}/send`, replyTo ? { text, reply_to: replyTo } : { text });
export const tap = (id, messageId, data) => post(`${person(id)}/tap`, { message_id: messageId, data });
export const start = (id, parameter) => post(`${person(id)}/start`, { parameter });
export const edit = (id, messageId, text) => post(`${person(id)}/edit`, { message_id: messageId, text });
export const block = (id, blocked) => post(`${person(id)}/block`, { blocked });
export const moveClock = (step) => post("/sandbox/clock", step);

export function sendFile(id, attachment, caption, replyTo) {
  const form = new FormData();
  form.append("kind", attachment.kind);
  form.append("caption", caption);
  if (replyTo) form.append("reply_to", String(replyTo));
  form.append("file", attachment.file, attachment.file.name);
  return call(`${person(id)}/send`, { method: "POST", body: form });
}

/** Calls `changed` at every change, also after a reconnection, and `lost` when the stream breaks. */
export function listen(changed, lost) {
  const events = new EventSource("/sandbox/events");
  events.addEventListener("change", changed);
  events.addEventListener("open", changed);
  events.addEventListener("error", () => {
    lost();
    // The browser reconnects by itself, except after an answer that was no event stream.
    if (events.readyState === EventSource.CLOSED) setTimeout(() => listen(changed, lost), RETRY_MS);
  });
}

export const pause = () => new Promise((resolve) => setTimeout(resolve, RETRY_MS));
