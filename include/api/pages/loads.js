// Loads: the history, one load in detail, and what people may do about it.

import { get, post } from "./api.js";
import { button, byId, element, labelled, many, sourceName, time } from "./dom.js";
import { attempt, begin, say } from "./shell.js";
import { judged, rendered, state, UNFINISHED } from "./verdict.js";

const ROLES = ["viewer", "member", "admin", "owner"];
const PAGE_SIZE = 25;
const list = byId("list");
const more = byId("more");
const detail = byId("detail");
const filters = byId("filters");
let organization = null;
let next = null;
let turn = 0;
let asked = 0;

function card(load) {
  const isCounted = load.rows_in !== null && load.status !== "duplicate";
  const refused = load.rows_rejected ? `, ${load.rows_rejected.toLocaleString()} refused` : "";
  const counts = isCounted ? many(load.rows_in, "row", "rows") + refused : "";
  return element(
    "li", {},
    element("h3", {}, element("a", { href: `#${load.load_id}` }, `Load ${load.load_id}: ${load.original_name}`)),
    element("p", { class: "quiet" }, `${sourceName(load.source_system)} · `, time(load.received_at), counts && ` · ${counts}`),
    state(load.status, load.rows_clean, load.rows_rejected),
    load.message && element("p", { class: "quiet" }, `${load.code || ""} ${load.message}`),
  );
}

async function page() {
  const query = Object.fromEntries(new FormData(filters));
  asked += 1;
  const mine = asked;
  const found = await get("history", { ...query, before: next, limit: PAGE_SIZE });
  if (mine !== asked) return;  // something else was asked for meanwhile
  if (next === null) list.replaceChildren();
  list.append(...found.items.map(card));
  next = found.next_before;
  more.hidden = next === null;
  if (!list.children.length) say("No load fits.");
}

function firstPage() {
  next = null;
  say("");
  return page();
}

function may(least) {
  return ROLES.indexOf(organization.role) >= ROLES.indexOf(least);
}

// What the person may do about this load; null when it is nothing.
function actions(verdict, chosen) {
  const reason = element("textarea", { rows: 2, required: true, maxlength: 500 });
  const form = element(
    "form", { on: { submit: (event) => event.preventDefault() } },
    element("h3", {}, "Do something about it"), ...labelled("Reason", reason),
    element("p", { class: "help" }, "It is kept with your name."),
  );
  const act = (text, path, done, rows) => button(text, (event) => {
    if (rows && !chosen.size) return say("Choose rows in the table first.");
    if (!form.reportValidity()) return undefined;
    return attempt(async () => {
      say("Working…");
      const found = await post(`loads/${verdict.load_id}/${path}`, { reason: reason.value, ...rows?.() });
      await Promise.all([follow(found), firstPage()]);
      say(done);
    }, event.currentTarget);
  });
  const made = [];
  const isSettled = !UNFINISHED.has(verdict.status) && verdict.status !== "duplicate";
  if (may("member") && isSettled) made.push(act("Judge again", "replay", "Judged again."));
  if (may("admin") && verdict.status === "held") {
    made.push(act("Let the load pass", "release", "The load passes, without its refused rows."));
  }
  if (may("admin") && verdict.errors.some((error) => error.can_pass)) {
    made.push(act("Let the chosen rows pass", "release", "The chosen rows pass.", () => ({ rows: [...chosen] })));
  }
  form.append(...made);
  return made.length ? form : null;
}

function show(verdict) {
  const chosen = new Set();
  const choice = (error) => {
    if (!error.can_pass || !may("admin")) return null;
    const change = (event) => (event.target.checked ? chosen.add(error.row) : chosen.delete(error.row));
    return element("input", { type: "checkbox", "aria-label": `Choose row ${error.row}`, on: { change } });
  };
  const hadFocus = detail.contains(document.activeElement);
  const close = element("p", { class: "back" }, element("a", { href: "#" }, "← All loads"));
  detail.replaceChildren(...[close, ...rendered(verdict, choice), actions(verdict, chosen)].filter(Boolean));
  showDetail(true);
  if (hadFocus) detail.querySelector("h2").focus();
}

// Show a load, and again when it is judged, unless the person turned to another one meanwhile.
function follow(verdict) {
  turn += 1;
  const mine = turn;
  show(verdict);
  return judged(verdict, () => mine === turn, show);
}

// One load takes the place of the list.
function showDetail(isShown) {
  detail.hidden = !isShown;
  filters.hidden = byId("history").hidden = isShown;
}

async function open() {
  turn += 1;
  const mine = turn;
  const id = /^#(\d+)$/.exec(location.hash)?.[1];
  showDetail(false);
  if (!id) return;
  const verdict = await get(`status/${id}`);
  if (mine !== turn) return;
  const end = follow(verdict);
  scrollTo(0, 0);
  detail.querySelector("h2").focus();
  await end;
}

async function fillSources() {
  const { days } = await get("stats", { days: 90 });
  const names = [...new Set(days.map((day) => day.source_system))].sort();
  const select = byId("source");
  select.replaceChildren(select.options[0], ...names.map((name) => element("option", { value: name }, sourceName(name))));
}

filters.addEventListener("change", () => attempt(firstPage));
filters.addEventListener("submit", (event) => event.preventDefault());
more.addEventListener("click", () => attempt(page, more));
window.addEventListener("hashchange", () => attempt(open));

begin(async (chosen) => {
  // a load of another organization is not there for this one
  if (organization !== null) history.replaceState(null, "", location.pathname);
  organization = chosen;
  await fillSources();
  await firstPage();
  await open();
});
