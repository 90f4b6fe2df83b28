// Making elements. Text always goes in as text, so that nothing delivered can become part of a page.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
    else if (typeof value === "boolean") made.toggleAttribute(name, value);
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

export function byId(id) {
  return document.getElementById(id);
}

export function button(text, act, attributes = {}) {
  return element("button", { type: "button", on: { click: act }, ...attributes }, text);
}

export function options(select, values, chosen) {
  select.replaceChildren(...values.map(([value, text]) => element("option", { value }, text)));
  if (values.some(([value]) => String(value) === String(chosen))) select.value = chosen;
}

let counted = 0;

// A control below its label.
export function labelled(text, control) {
  counted += 1;
  control.id = `control-${counted}`;
  return [element("label", { for: control.id }, text), control];
}

const MOMENT = {
  year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
};

// A moment in the person's own zone, which is named.
export function time(instant) {
  if (!instant) return "";
  return element("time", { datetime: instant }, new Date(instant).toLocaleString([], MOMENT));
}

export function many(count, one, several) {
  return `${count.toLocaleString()} ${count === 1 ? one : several}`;
}

const VENDORS = { solaredge: "SolarEdge", enphase: "Enphase", sma: "SMA", goodwe: "GoodWe", snowflake: "Snowflake" };

// What people call a source.
export function sourceName(source) {
  return VENDORS[source] || source;
}
