/** What a message carries besides text, and samples to send when no file is at hand. */

import { element, icon, iconButton, readableSize } from "./dom.js";

const BARS = 28;
/** What cannot be shown, by kind; the icons have the same names. */
const PLACEHOLDERS = { sticker: "Sticker", location: "Location", contact: "Contact", poll: "Poll" };

export function renderMedia(media) {
  if (media.kind === "photo" && media.url) return photo(media);
  if (media.kind === "voice" || media.kind === "audio") return voice(media);
  if (media.kind === "video" && media.url) return element("video", { class: "video", src: media.url, controls: true });
  if (media.kind === "sticker" && media.emoji) return element("div", { class: "big-emoji" }, media.emoji);
  if (media.kind === "document" || (media.url && media.kind !== "sticker")) return documentFile(media);
  return placeholder(media.kind);
}

function placeholder(kind) {
  return element("div", { class: "placeholder" }, icon(PLACEHOLDERS[kind] ? kind : "sticker"), PLACEHOLDERS[kind] ?? kind);
}

export function renderAlbum(items) {
  return element("div", { class: `album album-${Math.min(items.length, 4)}` }, ...items.map(renderMedia));
}

function photo(media) {
  const picture = element("img", { src: media.url, alt: media.filename || "Photo" });
  const show = () => enlarge(media);
  return element("button", { type: "button", class: "photo", "aria-label": "Open the photo", onclick: show }, picture);
}

function enlarge(media) {
  const dialog = element("dialog", { class: "lightbox", "aria-label": "Photo" });
  const close = () => dialog.close();
  dialog.append(
    element("img", { src: media.url, alt: media.filename || "Photo", onclick: close }),
    iconButton("close", "Close", { class: "round", onclick: close }),
  );
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function documentFile(media) {
  const name = media.filename || "Document";
  return element(
    "a",
    { class: "document", href: media.url, download: name },
    element("span", { class: "file-sign" }, icon("document")),
    element("span", { class: "file-words" },
      element("bdi", { class: "file-name" }, name),
      element("small", {}, readableSize(media.size) || "Document")),
  );
}

function voice(media) {
  const audio = new Audio();
  audio.preload = "none";
  audio.src = media.url ?? "";
  const bars = Array.from({ length: BARS }, (_, index) => {
    const bar = element("i");
    bar.style.setProperty("--height", `${25 + ((index * 37 + (media.size ?? 0)) % 11) * 7}%`);
    return bar;
  });
  const wave = element("span", { class: "wave", "aria-hidden": "true" }, ...bars);
  const toggle = iconButton("play", "Play the voice message", { class: "play" });
  toggle.addEventListener("click", () => (audio.paused ? audio.play().catch(() => {}) : audio.pause()));
  const show = () => toggle.replaceChildren(icon(audio.paused ? "play" : "pause"));
  ["play", "pause", "ended"].forEach((name) => audio.addEventListener(name, show));
  audio.addEventListener("timeupdate", () => {
    const share = audio.duration ? audio.currentTime / audio.duration : 0;
    bars.forEach((bar, index) => bar.classList.toggle("played", index / BARS < share));
  });
  return element("div", { class: "voice" }, toggle, wave, element("small", {}, "Voice"));
}

/** A drawing that looks a little like skin, so that a photo can be sent without having one. */
export function samplePhoto() {
  const canvas = element("canvas", { width: 960, height: 720 });
  const brush = canvas.getContext("2d");
  const skin = brush.createRadialGradient(430, 300, 60, 480, 360, 640);
  skin.addColorStop(0, "#f0cdb4");
  skin.addColorStop(1, "#c99272");
  brush.fillStyle = skin;
  brush.fillRect(0, 0, 960, 720);
  for (let point = 0; point < 24; point += 1) {
    const x = 220 + (point % 6) * 100 + Math.random() * 30;
    const y = 180 + Math.floor(point / 6) * 105 + Math.random() * 30;
    const mark = brush.createRadialGradient(x, y, 2, x, y, 12 + Math.random() * 26);
    mark.addColorStop(0, "rgba(176, 60, 72, .65)");
    mark.addColorStop(1, "rgba(176, 60, 72, 0)");
    brush.fillStyle = mark;
    brush.fillRect(x - 50, y - 50, 100, 100);
  }
  return new Promise((resolve) => {
    canvas.toBlob((blob) => resolve(new File([blob], "sample.jpg", { type: "image/jpeg" })), "image/jpeg", 0.85);
  });
}

/** Two seconds of a soft hum as a WAV file, so that a voice message can be sent without a microphone. */
export function sampleVoice() {
  const rate = 8000;
  const samples = rate * 2;
  const bytes = new DataView(new ArrayBuffer(44 + samples));
  const word = (at, text) => [...text].forEach((sign, index) => bytes.setUint8(at + index, sign.charCodeAt(0)));
  word(0, "RIFF");
  bytes.setUint32(4, 36 + samples, true);
  word(8, "WAVEfmt ");
  bytes.setUint32(16, 16, true);
  bytes.setUint16(20, 1, true);
  bytes.setUint16(22, 1, true);
  bytes.setUint32(24, rate, true);
  bytes.setUint32(28, rate, true);
  bytes.setUint16(32, 1, true);
  bytes.setUint16(34, 8, true);
  word(36, "data");
  bytes.setUint32(40, samples, true);
  for (let index = 0; index < samples; index += 1) {
    const loudness = 24 * Math.abs(Math.sin((index / samples) * Math.PI * 5));
    bytes.setUint8(44 + index, 128 + loudness * Math.sin((index / rate) * 2 * Math.PI * 190));
  }
  return new File([bytes.buffer], "sample.wav", { type: "audio/wav" });
}
