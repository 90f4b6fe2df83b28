// The ingest API with the login of the person and the organization that they chose.

const BASE = new URL("../api/ingest/", location.href);
const AWAY = "Sunledger does not answer. Try again in a minute.";
let organization = null;

export class Problem extends Error {
  constructor(status, content) {
    super(content?.detail || AWAY);
    this.status = status;
    this.code = content?.code || "";
    this.remedy = content?.remedy || "";
  }
}

export function actFor(id) {
  organization = id;
}

function headers() {
  return organization === null ? {} : { "X-Organization-ID": String(organization) };
}

async function send(path, options = {}) {
  let response;
  try {
    response = await fetch(new URL(path, BASE), {
      ...options, cache: "no-store", headers: { ...headers(), ...options.headers },
    });
  } catch {
    throw new Problem(0, null);
  }
  return response;
}

function isProblem(type) {
  return (type || "").startsWith("application/problem+json");
}

// The answer's content; verdicts are no problems, whatever their status is.
async function content(response) {
  if (response.status === 204) return null;
  const type = response.headers.get("content-type");
  const found = await response.json().catch(() => null);
  if (found === null || isProblem(type)) throw new Problem(response.status, found);
  return found;
}

export async function get(path, query = {}) {
  const chosen = Object.entries(query).filter(([, value]) => value);
  const search = new URLSearchParams(chosen).toString();
  return content(await send(search ? `${path}?${search}` : path));
}

export async function post(path, body) {
  const json = { "Content-Type": "application/json" };
  return content(await send(path, { method: "POST", headers: json, body: JSON.stringify(body) }));
}

// A file that needs the header, so that no plain link can fetch it.
export async function download(path, name) {
  const response = await send(path);
  if (!response.ok) await content(response);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// Send a form; `sent` hears the share that is on its way, from 0 to 1.
export function upload(path, form, sent) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", new URL(path, BASE));
    request.responseType = "json";
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) sent(event.loaded / event.total);
    });
    request.addEventListener("error", () => reject(new Problem(0, null)));
    request.addEventListener("load", () => {
      const found = request.response;
      if (found === null || isProblem(request.getResponseHeader("content-type"))) {
        reject(new Problem(request.status, found));
      } else {
        resolve(found);
      }
    });
    request.send(form);
  });
}
