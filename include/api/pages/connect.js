// Connect: in the browser at the vendor, or with what a person enters; then the accounts and their sites.

import { get, post } from "./api.js";
import { button, byId, element, labelled, many, options, sourceName } from "./dom.js";
import { attempt, begin, complain, say } from "./shell.js";
import { hideSites, showSites } from "./sites.js";

const BROWSER = "browser";
const SECRET = /password|key|token|secret/;
const STATES = {
  active: "in use", consent_pending: "waiting for the owner's consent", consent_lost: "the owner ended the consent",
  reauth_required: "must be connected again", refused: "the vendor refuses it", disabled: "switched off",
};
const form = byId("form");
const vendor = byId("vendor");
const kind = byId("kind");
let vendors = [];
let organization = null;

function words(field) {
  return field.replaceAll("_", " ");
}

function mayEnter() {
  return organization.scopes.includes("credentials");
}

function chosen() {
  return vendors.find((one) => one.source_system === vendor.value);
}

function showKinds() {
  const ways = chosen().in_browser ? [[BROWSER, "in the browser, at the vendor"]] : [];
  const entered = chosen().accounts.filter((way) => way.fields.length);
  if (mayEnter()) ways.push(...entered.map((way) => [way.auth_type, `enter ${way.fields.map(words).join(", ")}`]));
  options(kind, ways);
  form.querySelector("button").disabled = !ways.length;
  showFields();
}

function showFields() {
  const way = chosen().accounts.find((one) => one.auth_type === kind.value);
  byId("kind-help").textContent = kind.value === BROWSER
    ? "You log in at the vendor and allow Sunledger to read. Sunledger never sees your password."
    : "";
  if (!kind.value) byId("kind-help").textContent = "Ask an administrator of your organization to enter this account.";
  const field = (name, required) => {
    const type = SECRET.test(name) ? "password" : "text";
    const control = element("input", { name, type, required, maxlength: 10000, autocomplete: "off", spellcheck: "false" });
    return labelled(words(name) + (required ? "" : " (may be left out)"), control);
  };
  const made = way ? [...way.fields.map((name) => field(name, true)), ...way.optional_fields.map((name) => field(name, false))] : [];
  byId("fields").replaceChildren(...made.flat());
}

async function enter() {
  const inputs = [...byId("fields").querySelectorAll("input")];
  const secret = Object.fromEntries(inputs.filter((input) => input.value).map((input) => [input.name, input.value]));
  say("Storing…");
  const account = await post("credentials", {
    source_system: vendor.value, label: byId("name").value.trim(), auth_type: kind.value, secret,
  });
  for (const input of inputs) input.value = "";
  await showAccounts();
  say("The account is stored.");
  if (account.state === "active") await showSites(account);
}

function card(account) {
  const name = sourceName(account.source_system) + (account.label ? ` “${account.label}”` : "");
  const find = (event) => attempt(() => showSites(account), event.currentTarget);
  return element(
    "li", {},
    element("h3", {}, name),
    element("p", { class: "quiet" }, `${STATES[account.state] || account.state} · ${many(account.sites, "site is", "sites are")} read`),
    account.last_error && element("p", { class: "quiet" }, account.last_error),
    account.state === "active" ? button("Find sites", find, { class: "second", "aria-label": `Find sites of ${name}` }) : null,
  );
}

async function showAccounts() {
  const place = byId("accounts");
  if (!mayEnter()) {
    place.replaceChildren(element("li", {}, "Administrators of your organization see the accounts and their sites."));
    return [];
  }
  const { items } = await get("credentials");
  place.replaceChildren(...(items.length ? items.map(card) : [element("li", {}, "No account yet.")]));
  return items;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const wanted = {
    organization_id: organization.organization_id, source: vendor.value, label: byId("name").value.trim(),
  };
  const address = new URL("../api/oauth/state", location.href);
  const act = kind.value === BROWSER ? () => askConsent(address, wanted, say) : enter;
  attempt(act, form.querySelector("button"));
});
vendor.addEventListener("change", showKinds);
kind.addEventListener("change", showFields);

hearConsent((sentence, credential) => {
  say(sentence);
  if (credential) showAccounts().then((items) => {
    const account = items.find((one) => one.credential_id === credential);
    return account && showSites(account);
  }).catch(complain);
});

begin(async (now) => {
  organization = now;
  hideSites();
  vendors = (await get("vendors")).items;
  options(vendor, vendors.map((one) => [one.source_system, sourceName(one.source_system)]), vendor.value);
  showKinds();
  await showAccounts();
});
