// What became of a delivery, in words: state, counts, and every refused row with code, place and remedy.

import { download, get } from "./api.js";
import { button, element, many, time } from "./dom.js";
import { attempt } from "./shell.js";

export const UNFINISHED = new Set(["landed", "staged"]);
const MOST_SHOWN = 500;
const PAUSE_MS = 1000;
const WORDS = {
  landed: ["Received, not judged yet", "warn"],
  staged: ["Being judged", "warn"],
  failed: ["Waiting for another try", "warn"],
  accepted: ["Accepted: every row will be published", "good"],
  partial: ["Accepted, without the refused rows", "warn"],
  published: ["Published", "good"],
  published_partial: ["Published, without the refused rows", "warn"],
  nothing: ["Nothing of it is published: no row can be used yet", "warn"],
  held: ["Held: a person has to look at it", "bad"],
  rejected: ["Rejected: nothing of it is used", "bad"],
  empty: ["Empty: there is no row in it", "bad"],
  duplicate: ["The same content was delivered before", "warn"],
};

// `accepted` counts rows; a load of which none can be used is neither accepted nor published for the one who sent it.
export function state(status, accepted, refused) {
  const isDone = ["accepted", "partial", "published", "published_partial"].includes(status);
  const partial = { accepted: "partial", published: "published_partial" }[status];
  const told = isDone && refused && !accepted ? "nothing" : refused && partial ? partial : status;
  const [text, kind] = WORDS[told] || [status, "warn"];
  return element("span", { class: `state ${kind}` }, text);
}

// Ask until the load is judged; `isWanted` ends it when somebody turned to something else.
export async function judged(verdict, isWanted, show) {
  let found = verdict;
  while (UNFINISHED.has(found.status) && isWanted()) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    found = await get(`status/${verdict.load_id}`);
    if (isWanted()) show(found);
  }
  return found;
}

// The verdict as elements; `choice` makes the control with which a refused row is chosen.
export function rendered(verdict, choice = () => null) {
  const parts = [
    element("h2", { tabindex: "-1" }, `Load ${verdict.load_id}`),
    element("p", {}, state(verdict.status, verdict.rows_accepted, verdict.rows_rejected)),
  ];
  if (verdict.code) parts.push(element("p", {}, element("code", {}, verdict.code), ` ${verdict.message || ""}`));
  if (verdict.remedy) parts.push(element("p", {}, verdict.remedy));
  if (verdict.duplicate_of) {
    const link = element("a", { href: `loads#${verdict.duplicate_of}` }, `Load ${verdict.duplicate_of}`);
    parts.push(element("p", {}, link, " is the first with this content."));
  }
  if (verdict.rows_in !== null && !verdict.duplicate_of) parts.push(counts(verdict));
  if (verdict.data_start) {
    parts.push(element("p", { class: "quiet" }, "Data from ", time(verdict.data_start), " to ", time(verdict.data_end)));
  }
  if (verdict.warnings.length) parts.push(warnings(verdict.warnings));
  if (verdict.errors.length) parts.push(...refused(verdict, choice));
  return parts;
}

function counts(verdict) {
  const known = [
    ["Rows", verdict.rows_in], ["Accepted", verdict.rows_accepted],
    ["Refused", verdict.rows_rejected], ["Repeated", verdict.rows_duplicate],
  ].filter(([, count]) => count !== null);
  const pairs = known.map(([name, count]) => element("div", {}, element("dt", {}, name), element("dd", {}, count.toLocaleString())));
  return element("dl", { class: "counts" }, ...pairs);
}

function warnings(found) {
  const items = found.map((one) => {
    const rows = one.first_rows.length ? ` First rows: ${one.first_rows.slice(0, 10).join(", ")}.` : "";
    return element("li", {}, element("code", {}, one.code), ` ${one.message} (${many(one.rows, "row", "rows")})${rows}`);
  });
  return element("div", {}, element("h3", {}, "Worth a look"), element("ul", {}, ...items));
}

function refused(verdict, choice) {
  const shown = verdict.errors.slice(0, MOST_SHOWN);
  const rest = verdict.errors.length > shown.length;
  const path = `loads/${verdict.load_id}/rejected.csv`;
  const name = `rejected-${verdict.load_id}.csv`;
  const fetchRows = (event) => attempt(() => download(path, name), event.currentTarget);
  const note = rest && element("p", {}, `The first ${shown.length} are shown; the CSV has all.`);
  return [table(shown, choice), note, button("Download refused rows (CSV)", fetchRows, { class: "second" })].filter(Boolean);
}

function text(cell) {
  if (cell === null || cell === undefined) return "";
  return typeof cell === "object" ? JSON.stringify(cell) : String(cell);
}

function table(errors, choice) {
  const names = ["Row", "What is wrong", "Found", "What to do"];
  // roles are named because narrow windows show the table as cards, which would take them away
  const head = names.map((name) => element("th", { scope: "col", role: "columnheader" }, name));
  return element(
    "table", { role: "table" },
    element("caption", {}, "Refused rows"),
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...head)),
    ...byRow(errors).map((found) => rowGroup(found, choice, names)),
  );
}

// A row may break several rules: the entries of one row stand together, above the row as it was delivered.
function byRow(errors) {
  const rows = new Map();
  for (const error of errors) rows.set(error.row, [...(rows.get(error.row) || []), error]);
  return [...rows.values()];
}

function rowGroup(found, choice, names) {
  const lines = found.map((error, at) => {
    const number = at ? "" : element("span", { class: "row" }, choice(error), String(error.row), " ", fate(error));
    const wrong = element("span", {}, error.message, " ", element("code", {}, error.code));
    const cells = [number, wrong, cell(error), error.remedy];
    return element("tr", { role: "row" }, ...cells.map((content, place) => (
      element("td", { role: "cell", "data-label": names[place] }, content)
    )));
  });
  const bad = new Set(found.map((error) => error.column));
  const delivered = Object.entries(found[0].original).map(([name, content]) => element(
    "span", { class: bad.has(name) ? "cell bad" : "cell" }, element("b", {}, name), ` ${text(content)}`,
  ));
  const whole = element("td", { role: "cell", colspan: "4", "data-label": "As delivered" }, ...delivered);
  return element("tbody", { role: "rowgroup" }, ...lines, element("tr", { role: "row", class: "delivered" }, whole));
}

function fate(error) {
  if (error.status === "released") return element("span", { class: "quiet" }, "(released)");
  return error.severity === "hold" ? element("span", { class: "quiet" }, "(waits)") : null;
}

// A rule may look at what was made of several columns; then the row as delivered says it.
function cell(error) {
  if (!(error.column in error.original)) return "";
  return element("span", {}, element("b", {}, error.column), ` ${text(error.value)}`);
}
