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

export function time(instant) {
  if (!instant) return "";
  const shown = new Date(instant).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  return element("time", { datetime: instant }, shown);
}
