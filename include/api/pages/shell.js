// What every page has: who is logged in, for which organization they act, and where the page speaks.

import { actFor, get, Problem } from "./api.js";
import { byId, element, options } from "./dom.js";

const KEPT = "sunledger:organization";
const select = byId("organization");

export function say(sentence) {
  byId("status").textContent = sentence;
}

export function complain(error) {
  if (!(error instanceof Problem)) console.error(error);
  say("");
  const text = error instanceof Problem ? error : new Problem(0, null);
  const parts = [element("p", {}, text.message), text.remedy && element("p", {}, text.remedy)];
  const code = text.code && element("p", { class: "quiet" }, text.code);
  const login = text.status === 401 && element("p", {}, element("a", { href: "" }, "Log in"));
  byId("problem").replaceChildren(...[...parts, code, login].filter(Boolean));
  byId("problem").scrollIntoView({ block: "nearest" });
}

export function calm() {
  byId("problem").replaceChildren();
}

// Do something that may fail; what went wrong is told on the page. A control stays off meanwhile.
export async function attempt(act, control) {
  calm();
  if (control) control.disabled = true;
  try {
    return await act();
  } catch (error) {
    complain(error);
    return undefined;
  } finally {
    if (control) control.disabled = false;
  }
}

// Show one organization after the other, in the order in which they were chosen; meanwhile nothing can be entered.
let shown = Promise.resolve();
let waiting = 0;

function inTurn(show) {
  const main = byId("main");
  waiting += 1;
  main.inert = true;
  main.setAttribute("aria-busy", "true");
  shown = shown.then(() => attempt(show)).then(() => {
    waiting -= 1;
    main.inert = waiting > 0;
    main.setAttribute("aria-busy", String(main.inert));
  });
  return shown;
}

// Find out who is there, and call `show` with each organization that they choose.
export async function begin(show) {
  // in a frame, Airflow's own navigation leads to the pages
  document.querySelector("nav").hidden = window.top !== window;
  const me = await attempt(() => get("me"));
  if (!me) return;
  if (!me.organizations.length) {
    const detail = "You are no member of an organization yet.";
    complain(new Problem(403, { detail, remedy: `Ask its owner to add the user ${me.user}.` }));
    return;
  }
  const known = me.organizations.map((found) => [found.organization_id, found.name]);
  options(select, known, localStorage.getItem(KEPT));
  select.disabled = false;
  const choose = () => {
    const chosen = me.organizations.find((found) => String(found.organization_id) === select.value);
    localStorage.setItem(KEPT, select.value);
    return inTurn(() => {
      actFor(chosen.organization_id);
      say("");
      return show(chosen);
    });
  };
  select.addEventListener("change", choose);
  await choose();
}
