// Evidence: broken promises, whether their packs are intact, and the packs and pages to take away.

import { download, get } from "./api.js";
import { button, byId, element, time } from "./dom.js";
import { attempt, begin, say } from "./shell.js";

const PAGE_SIZE = 25;
const list = byId("list");
const more = byId("more");
let next = null;
let asked = 0;

function amount(value, places = 2) {
  return Number(value).toLocaleString("en", { minimumFractionDigits: places, maximumFractionDigits: places });
}

// Whether the pack holds, in words that carry the state without their colour.
function integrity(event) {
  if (event.pack_status !== "complete") {
    return element("p", { class: "state" }, "The pack is not made yet", event.last_error && `: ${event.last_error}`);
  }
  const words = event.is_intact ? "intact, verified " : "NOT INTACT, verified ";
  const kind = event.is_intact ? "good" : "bad";
  return element("p", { class: `state ${kind}` }, words, time(event.verified_at));
}

function taking(event) {
  if (event.pack_status !== "complete") return null;
  const take = (text, path, name) => button(text, (click) => attempt(async () => {
    say("Fetching…");
    await download(`evidence/${event.default_event_id}/${path}`, name);
    say("Saved. That you took it is noted in the custody of the pack.");
  }, click.currentTarget), { class: "second" });
  const name = `evidence_${event.default_event_id}`;
  return element(
    "p", { class: "actions" },
    take("Page (PDF)", "summary?format=pdf", `${name}.pdf`),
    take("Page (HTML)", "summary?format=html", `${name}.html`),
    take("Signed pack (zip)", "pack", `${name}.zip`),
  );
}

// What is not known is said in words: a dash before a unit reads like a number that got lost.
function promised(value, unit) {
  return value === null ? "Promised: no number" : `Promised ${amount(value)} ${unit}`;
}

function happened(value, unit) {
  return value === null ? "what happened is not known" : `happened ${amount(value)} ${unit}`;
}

function damages(event) {
  if (event.ld_payable === null) return "no damages";
  return `damages ${event.currency_code || ""} ${amount(event.ld_payable)}`;
}

function card(event) {
  const title = `${event.contract}: ${event.obligation_code}, ${event.period_start_on} to ${event.period_end_on}`;
  const unit = event.unit === "percent" ? "%" : event.unit;
  return element(
    "li", {},
    element("h3", {}, title),
    element("p", {}, [promised(event.guaranteed, unit), happened(event.counted, unit), damages(event)].join("; ")),
    element("p", { class: "quiet" }, `${event.status}, revision ${event.revision} · detected `, time(event.detected_at)),
    integrity(event),
    taking(event),
  );
}

async function page() {
  asked += 1;
  const mine = asked;
  const found = await get("evidence", { after: next, limit: PAGE_SIZE });
  if (mine !== asked) return;  // something else was asked for meanwhile
  if (next === null) list.replaceChildren();
  list.append(...found.items.map(card));
  next = found.next_after;
  more.hidden = next === null;
  if (!list.children.length) say("No promise was broken.");
}

more.addEventListener("click", () => attempt(page, more));

begin(async () => {
  next = null;
  say("");
  await page();
});
