// Asks for a connection, opens the vendor's page in a window, and waits for what that window says.
const form = document.querySelector("form");
const status = document.getElementById("status");

async function begin() {
  // before the request, because a window may open only while the click is fresh
  const popup = window.open("", "sunledger-connect", "popup,width=520,height=760");
  const fields = new FormData(form);
  const wanted = {
    organization_id: Number(fields.get("organization_id")),
    source: fields.get("source"),
    label: fields.get("label"),
  };
  status.textContent = "Waiting for the vendor…";
  const response = await fetch("state", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(wanted),
  });
  const answer = await response.json();
  if (!response.ok) {
    popup?.close();
    status.textContent = [answer.detail, answer.remedy].filter(Boolean).join(" ");
  } else if (popup) {
    popup.location.replace(answer.authorize_url);
  } else {
    location.assign(answer.authorize_url);
  }
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  begin().catch(() => { status.textContent = "Sunledger does not answer. Try again in a minute."; });
});

window.addEventListener("message", (event) => {
  if (event.origin !== location.origin || event.data?.type !== "sunledger:connect") return;
  const { outcome, source, label } = event.data;
  if (outcome === "connected") status.textContent = `Connected: ${source}${label ? ` “${label}”` : ""}.`;
  else if (outcome === "login") status.textContent = "Log in again in the other window.";
  else status.textContent = "Not connected; the other window says why.";
});
