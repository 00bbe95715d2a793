/** Times as the clinic reads them. Everything from the server is ISO in UTC, or a local date. */

const LANGUAGE = "en-GB";

function format(at, zone, options) {
  return new Intl.DateTimeFormat(LANGUAGE, { timeZone: zone, ...options }).format(new Date(at));
}

export const timeOfDay = (at, zone) => format(at, zone, { hour: "2-digit", minute: "2-digit" });
export const dateInWords = (at, zone) => format(at, zone, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
/** The local date as YYYY-MM-DD. */
export const localDate = (at, zone) => new Intl.DateTimeFormat("sv-SE", { timeZone: zone }).format(new Date(at));

function daysBetween(from, to) {
  return Math.round((Date.parse(`${to}T00:00Z`) - Date.parse(`${from}T00:00Z`)) / 86_400_000);
}

/** A heading for a day; a name that is no date is kept as it is. */
export function dayName(day, today) {
  if (!/^\d{4}-\d\d-\d\d$/.test(day)) return day;
  const distance = daysBetween(day, today);
  if (distance === 0) return "Today";
  if (distance === 1) return "Yesterday";
  return format(`${day}T12:00Z`, "UTC", { weekday: "long", day: "numeric", month: "long" });
}

/** "20:30", "tomorrow 09:00", "Thu 26 Nov 09:00" */
export function shortly(at, now, zone) {
  const distance = daysBetween(localDate(now, zone), localDate(at, zone));
  const time = timeOfDay(at, zone);
  if (distance <= 0) return time;
  if (distance === 1) return `tomorrow ${time}`;
  return `${format(at, zone, { weekday: "short", day: "numeric", month: "short" })} ${time}`;
}
