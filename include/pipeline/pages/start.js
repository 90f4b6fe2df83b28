// The form of the page; `consent.js` does the rest.
const form = document.querySelector("form");
const status = document.getElementById("status");

function say(sentence) {
  status.textContent = sentence;
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  const fields = new FormData(form);
  const wanted = {
    organization_id: Number(fields.get("organization_id")),
    source: fields.get("source"),
    label: fields.get("label"),
  };
  askConsent("state", wanted, say).catch(() => say("Sunledger does not answer. Try again in a minute."));
});

hearConsent(say);
