// Upload: one file, its progress, and its verdict row by row.

import { upload } from "./api.js";
import { byId } from "./dom.js";
import { attempt, begin, say } from "./shell.js";
import { judged, rendered, UNFINISHED } from "./verdict.js";

const form = byId("form");
const file = byId("file");
const drop = byId("drop");
const place = byId("verdict");
const sending = byId("sending");
const progress = byId("progress");
let turn = 0;

function show(verdict) {
  place.replaceChildren(...rendered(verdict));
  place.hidden = false;
  say(UNFINISHED.has(verdict.status) ? "Stored. The verdict follows here." : "Judged. The verdict is below.");
}

async function send() {
  turn += 1;
  const mine = turn;
  const isWanted = () => mine === turn;
  const fields = new FormData();
  fields.append("source_type", byId("source").value);
  fields.append("file", file.files[0]);
  place.hidden = true;
  sending.hidden = false;
  progress.value = 0;
  say("Sending…");
  try {
    const verdict = await upload("upload", fields, (share) => {
      progress.value = Math.round(100 * share);
      if (share === 1) say("Sent. The rows are being judged…");
    });
    if (!isWanted()) return;
    show(verdict);
    await judged(verdict, isWanted, show);
    place.querySelector("h2").focus();
  } finally {
    if (isWanted()) sending.hidden = true;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(send, form.querySelector("button"));
});

for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  if (event.dataTransfer.files.length) file.files = event.dataTransfer.files;
  say(file.files.length ? `${file.files[0].name} is chosen.` : "");
});

begin((organization) => {
  turn += 1;
  place.hidden = sending.hidden = true;
  const may = organization.scopes.includes("meter_data");
  form.querySelector("button").disabled = !may;
  if (!may) say(`Your role is ${organization.role}: you may look at loads, but not upload.`);
});
