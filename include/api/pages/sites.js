// The sites that an account may read, and mapping one: to a project, and each device to a meter.

import { get, post } from "./api.js";
import { button, byId, element, labelled, many, options } from "./dom.js";
import { attempt, say } from "./shell.js";

const place = byId("sites");
const NEW = "new";
const UNREAD = "";
// what a new meter is for each kind of device; other kinds are read only when somebody asks for it
const METER_TYPES = { inverter: "INVERTER", meter: "PRODUCTION", site: "PRODUCTION", sensor: "IRRADIANCE" };

export function hideSites() {
  place.hidden = true;
}

export async function showSites(account) {
  say("Asking the vendor for its sites…");
  const path = `credentials/${account.credential_id}/sites`;
  const [{ items: sites }, { items: projects }] = await Promise.all([get(path), get("projects")]);
  const known = await Promise.all(sites.map((site) => site.site_id === null ? null : get(`sites/${site.site_id}`)));
  const cards = sites.map((site, at) => card(account, site, projects, known[at]));
  const none = sites.length ? null : element("p", {}, "The vendor lists no site for this account.");
  const list = element("ul", { class: "cards" }, ...cards);
  place.replaceChildren(...[element("h2", { tabindex: "-1" }, "Sites found"), none, list].filter(Boolean));
  place.hidden = false;
  say(`${many(sites.length, "site", "sites")} found.`);
  place.querySelector("h2").focus();
}

function card(account, site, projects, known) {
  const capacity = site.dc_capacity_w ? ` · ${site.dc_capacity_w / 1000} kW` : "";
  const about = `${site.external_site_id} · ${site.time_zone || "time zone unknown"}${capacity}`;
  const made = element("li", {}, element("h3", {}, site.name), element("p", { class: "quiet" }, about));
  if (known) {
    made.append(mapped(known, projects));
  } else if (!projects.length) {
    made.append(element("p", {}, "There is no project to map it to yet. Ask the operator to register one."));
  } else {
    const open = button("Map", (event) => attempt(async () => {
      const path = `credentials/${account.credential_id}/sites/${encodeURIComponent(site.external_site_id)}/devices`;
      const { items: devices } = await get(path);
      open.remove();
      made.append(mapping(account, site, projects, devices, made));
      made.querySelector("select").focus();
    }, event.currentTarget), { class: "second", "aria-label": `Map ${site.name}` });
    made.append(open);
  }
  return made;
}

function mapped(site, projects) {
  const project = projects.find((one) => one.project_id === site.project_id)?.name || "no project";
  const devices = many(site.devices.length, "device", "devices");
  return element("p", { class: "state good" }, `Mapped to ${project}, ${devices}.`);
}

function mapping(account, site, projects, devices, made) {
  const project = element("select");
  const known = projects.map((one) => [one.project_id, one.name]);
  options(project, known, projects.find((one) => one.name === site.name)?.project_id);
  const zone = element("input", { required: true, maxlength: 60, autocomplete: "off", spellcheck: "false" });
  const selects = devices.map(() => element("select"));
  const labels = devices.map((device) => `${words(device)} feeds the meter`);
  const fit = () => {
    const now = projects.find((one) => String(one.project_id) === project.value);
    if (!site.time_zone) zone.value = now.time_zone;
    devices.forEach((device, at) => {
      const meters = now.meters.map((meter) => [meter.meter_id, meter.name]);
      const same = now.meters.find((meter) => meter.name === device.external_device_id);
      const rest = [[NEW, `a new one: ${device.external_device_id}`], [UNREAD, "none: it is not read"]];
      const usual = device.kind in METER_TYPES ? NEW : UNREAD;
      options(selects[at], [...meters, ...(same ? rest.slice(1) : rest)], same ? same.meter_id : usual);
    });
  };
  zone.value = site.time_zone || "";
  project.addEventListener("change", fit);
  fit();
  const form = element("form", {}, ...labelled("Project", project), ...labelled("Time zone", zone));
  devices.forEach((_, at) => form.append(...labelled(labels[at], selects[at])));
  const save = element("button", {}, "Map this site");
  form.append(save);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      const stored = await post("sites", {
        credential_id: account.credential_id,
        external_site_id: site.external_site_id,
        name: site.name,
        time_zone: zone.value.trim(),
        project_id: Number(project.value),
        devices: devices.map((device, at) => chosen(device, selects[at].value)).filter(Boolean),
      });
      form.replaceWith(mapped(stored, projects));
      say(`${site.name} is mapped. It is read from now on.`);
      made.tabIndex = -1;
      made.focus();
    }, save);
  });
  return form;
}

function chosen(device, meter) {
  const named = { external_device_id: device.external_device_id };
  if (meter === UNREAD) return null;
  if (meter !== NEW) return { ...named, meter_id: Number(meter) };
  const type = METER_TYPES[device.kind] || "PRODUCTION";
  const rated = device.rated_power_w > 0 ? device.rated_power_w : null;
  return { ...named, new_meter: { name: device.external_device_id, meter_type: type, rated_power_w: rated } };
}

function words(device) {
  const name = device.name === device.external_device_id ? "" : device.name;
  return `${name || device.kind} (${device.external_device_id})`;
}
